"""Samples and answers as the page shows them: each sample once, with every different answer to it."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TYPES = {".png": "image/png", ".wav": "audio/wav"}


@dataclass(frozen=True)
class Answer:
    """What some backends answered alike, and its picture as a data address."""

    backends: list[str]
    text: str
    picture: str | None


@dataclass(frozen=True)
class ShownAnswer:
    """A sample of one checkpoint with its answers. `input` describes the sample in words, `sound` is a data address."""

    checkpoint: str
    input: str
    truth: str
    sound: str | None
    answers: list[Answer] = field(default_factory=list)


def by_capability(folder: Path, rows: Sequence[Mapping[str, Any]]) -> dict[str, list[ShownAnswer]]:
    """The sample answers of a run. Cells that answered the same to a sample, and drew the same, are named together."""
    found: dict[tuple[str, str, str], ShownAnswer] = {}
    for row in rows:
        capability, _, rest = row["cell"].partition("/")
        checkpoint, _, backend = rest.rpartition("/")
        key = (capability, checkpoint, row["sample"])
        if key not in found:
            found[key] = ShownAnswer(checkpoint, row["input"], row["truth"], _address(folder, row["sound"]))
        _add(found[key].answers, backend, row["answer"], _address(folder, row["picture"]))
    shown: dict[str, list[ShownAnswer]] = {}
    for (capability, _, _), answer in found.items():
        shown.setdefault(capability, []).append(answer)
    return shown


def _add(answers: list[Answer], backend: str, text: str, picture: str | None) -> None:
    for answer in answers:
        if (answer.text, answer.picture) == (text, picture):
            answer.backends.append(backend)
            return
    answers.append(Answer([backend], text, picture))


def _address(folder: Path, name: str | None) -> str | None:
    """A file's content as an address that a page can hold; `None` for one that is missing."""
    if name is None or not (folder / name).is_file():
        return None
    content = base64.b64encode((folder / name).read_bytes()).decode()
    return f"data:{TYPES[Path(name).suffix]};base64,{content}"
