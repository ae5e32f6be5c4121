"""`--model DIR_OR_ID`: which tasks a checkpoint of the user's own can do, decided by its architecture."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from suite.core.errors import CheckpointError, UsageError
from suite.core.printable import printable_name, shortened
from suite.subjects.architectures import auto_classes
from suite.subjects.hub import fetch_config
from suite.subjects.integrity import check_files, read_config
from suite.subjects.processor_files import check_processor_files
from suite.subjects.source import Source
from suite.task import Checkpoint, Task

HUB_ID = re.compile(r"(?P<repo>[\w.-]+(/[\w.-]+)?)(@(?P<revision>[\w./-]+))?")
LOCAL_REVISION = "local"


def match(model: str, tasks: Iterable[Task]) -> list[tuple[Task, Checkpoint, Source]]:
    """The tasks whose Auto class takes the checkpoint, each with the checkpoint and its source.

    `model` is a folder, or a Hub id (`organisation/name`, or a bare old name) with an optional `@revision`.

    Raises:
        UsageError: there is no such checkpoint, its files are damaged, or no task takes its architecture.
    """
    if not model.strip():
        raise UsageError("--model is empty: pass a folder or a Hub id.")
    directory = _expanded(model)
    if directory.is_dir():
        checkpoint, source = _from_directory(directory)
    else:
        checkpoint, source = _from_hub(model)
    takers = _takers(checkpoint.architecture, model, list(tasks))
    if source.directory is not None:
        takers = _prepared(source.directory, takers)
    return [(task, checkpoint, source) for task in takers]


def _prepared(directory: Path, tasks: list[Task]) -> list[Task]:
    """The tasks whose tokenizer or preprocessor is in the folder.

    Raises:
        UsageError: there is none.
    """
    problems: dict[Task, CheckpointError] = {}
    for task in tasks:
        try:
            check_processor_files(directory, task.processor_class, read_config(directory).get("model_type"))
        except CheckpointError as error:
            problems[task] = error
    if len(problems) == len(tasks):
        raise UsageError(f"--model cannot be used: {next(iter(problems.values()))}")
    return [task for task in tasks if task not in problems]


def _from_directory(directory: Path) -> tuple[Checkpoint, Source]:
    directory = directory.resolve()
    try:
        config = read_config(directory)
        check_files(directory)
    except CheckpointError as error:
        raise UsageError(f"--model cannot be used: {error}") from error
    architecture = _architecture(config, str(directory))
    checkpoint = Checkpoint(printable_name(directory.name), LOCAL_REVISION, architecture)
    return checkpoint, Source("local", checkpoint, directory=directory)


def _from_hub(model: str) -> tuple[Checkpoint, Source]:
    parts = HUB_ID.fullmatch(model)
    if Path(model).is_file():
        raise UsageError(f"--model {model} is a file: pass the folder that it lies in.")
    if parts is None or model.startswith((".", "~")):
        raise UsageError(f"--model {model}: there is no such folder{_near_folder(model)}{_without_prefix(model)}.")
    try:
        config, revision = fetch_config(parts["repo"], parts["revision"])
    except CheckpointError as error:
        raise UsageError(f"--model {model} is not a folder here{_near_folder(model)}. {error}") from error
    checkpoint = Checkpoint(parts["repo"], revision, _architecture(config, model))
    return checkpoint, Source("hub", checkpoint)


def _architecture(config: Mapping[str, Any], where: str) -> str:
    architectures = config.get("architectures")
    if not isinstance(architectures, list) or not architectures:
        raise UsageError(
            f"The config.json of {where} does not say which architecture it belongs to: save the model with "
            'save_pretrained(), or add "architectures": ["..."] to it.'
        )
    if not isinstance(architectures[0], str):
        raise UsageError(f"The architecture in the config.json of {where} is not a text: save the model again.")
    return shortened(architectures[0])


def _takers(architecture: str, model: str, tasks: list[Task]) -> list[Task]:
    classes = auto_classes()
    chosen = [task for task in tasks if task.auto_class in {architecture, *classes.get(architecture, ())}]
    if chosen:
        return chosen
    supported = ", ".join(f"{task.auto_class} ({task.name})" for task in tasks)
    if architecture in classes:
        its_classes = ", ".join(sorted(classes[architecture]))
        raise UsageError(
            f"--model {model} is a {architecture}, for {its_classes}, and no task takes that. "
            f"The tasks take {supported}."
        )
    near = difflib.get_close_matches(architecture, classes, n=1, cutoff=0.8)
    hint = f" Did its config mean {near[0]!r}?" if near else ""
    raise UsageError(
        f"--model {model} is a {architecture}, which the installed transformers does not have; code that comes with a "
        f"checkpoint is not run.{hint} The tasks take {supported}."
    )


def _near_folder(model: str) -> str:
    """A hint at a folder with a similar name beside the requested one, or an empty string."""
    path = _expanded(model)
    try:
        siblings = [folder.name for folder in path.parent.iterdir() if folder.is_dir()]
    except OSError:
        return ""
    near = difflib.get_close_matches(path.name, siblings, n=1, cutoff=0.7)
    return f" (did you mean {str(path.parent / near[0])!r}?)" if near else ""


def _expanded(model: str) -> Path:
    try:
        return Path(model).expanduser()
    except RuntimeError:  # a user that does not exist
        return Path(model)


def _without_prefix(model: str) -> str:
    """The hint that `./models/org/name` is `org/name` on the Hub."""
    parts = Path(model).parts
    return f"; for the Hub's checkpoint pass {'/'.join(parts[-2:])!r}" if len(parts) >= 3 else ""
