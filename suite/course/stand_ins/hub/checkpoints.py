"""The stand-in Hub's model repositories, under the ids that code requests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from suite.core.errors import CheckpointError
from suite.course.stand_ins.catalogue import Entry, Resolution, catalogue
from suite.course.stand_ins.checkpoints.files import folder
from suite.course.stand_ins.checkpoints.json_files import read_json
from suite.course.stand_ins.hub.repository import Repository, files_below, text_file
from suite.course.stand_ins.shipped import stand_in_folder

CARD = """---
{header}---

# {name}

A stand-in of the same architecture{made}. Its answers are not those of the real checkpoint.
"""


def model_repository(resolution: Resolution[Entry], cache: Path) -> Repository | None:
    """The repository that answers for a name; None where nothing does.

    One whose library has no stand-ins is there and has a card alone, so that what is missing is the library.
    """
    entry = resolution.entry
    if entry is None:
        return None
    try:
        files = files_below(folder(entry, cache)) if entry.served else {}
    except CheckpointError:
        files = {}
    files["README.md"] = text_file(cache, _card(resolution.name, entry))
    return Repository("models", resolution.name, files, _facts(resolution.name, entry, files))


def details(resolution: Resolution[Entry], repository: Repository | None) -> dict[str, Any]:
    """The details of a note about a checkpoint.

    `stand_in` is a shipped miniature's name, "made" (random weights) or "none" (the installed transformers cannot make
    one); `needs` is the library that a checkpoint without a stand-in is for.
    """
    entry, facts = resolution.entry, {} if resolution.meant is None else {"meant": resolution.meant}
    if entry is None:
        return facts
    facts |= {"task": entry.task, "architecture": entry.architecture}
    if not entry.served:
        return facts | {"needs": entry.library}
    if repository is None or "config.json" not in repository.files:
        facts["stand_in"] = "none"
    else:
        facts["stand_in"] = entry.stand_in if stand_in_folder(entry.stand_in) else "made"
    return facts | ({"gated": True} if entry.gated else {})


def search_models(parameters: dict[str, list[str]]) -> list[dict[str, Any]]:
    """The answer to a search among the models: `search`, `author`, `filter`, `pipeline_tag`, `limit`."""
    words = " ".join(parameters.get("search", [])).lower()
    required_tags = {tag for value in parameters.get("filter", []) for tag in value.split(",")}
    required_tags |= set(parameters.get("pipeline_tag", [])) | set(parameters.get("library", []))
    results = []
    for entry in catalogue().values():
        author = entry.name.rpartition("/")[0]
        fits = words in entry.name.lower() and required_tags <= {*_tags(entry), entry.library}
        if fits and author in parameters.get("author", [author]):
            results.append(Repository("models", entry.name, {}, _facts(entry.name, entry, {})).info())
    return results[: int(parameters.get("limit", ["1000"])[0])]


def _card(name: str, entry: Entry) -> str:
    header = {"library_name": entry.library, "pipeline_tag": entry.task, "license": "mit", "language": "en"}
    origin = " as " + name if stand_in_folder(entry.stand_in) else f" as {name}, with random weights"
    return CARD.format(header=yaml.safe_dump(header), name=name, made=origin)


def _facts(name: str, entry: Entry, files: dict[str, Path]) -> dict[str, Any]:
    config = read_json(files["config.json"]) if "config.json" in files else {}
    config_facts = {key: config[key] for key in ("architectures", "model_type") if key in config}
    mapping = {"status": "live", "providerId": name, "task": "conversational" if _chats(entry) else entry.task}
    return {
        "modelId": name,
        "pipeline_tag": entry.task,
        "library_name": entry.library,
        "tags": _tags(entry),
        "config": config_facts,
        "cardData": {"library_name": entry.library, "pipeline_tag": entry.task, "license": "mit", "language": "en"},
        "transformersInfo": {"auto_model": "AutoModel", "pipeline_tag": entry.task},
        "inference": "warm",
        "inferenceProviderMapping": {"hf-inference": mapping},
    }


def _tags(entry: Entry) -> list[str]:
    kind = [entry.model_type] if entry.model_type else []
    chat = ["conversational"] if _chats(entry) else []
    return [entry.library, "pytorch", "safetensors", *kind, entry.task, *chat, "en", "license:mit"]


def _chats(entry: Entry) -> bool:
    name = entry.name.lower()
    return entry.task.endswith("text-generation") and any(
        word in name for word in ("chat", "instruct", "-it", "zephyr")
    )
