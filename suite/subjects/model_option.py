"""`--model DIR_OR_ID`: which tasks a checkpoint of the user's own can do, decided by its class and its files."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from suite.core.errors import CheckpointError, UsageError
from suite.core.printable import listed, printable_name
from suite.subjects.adapter import declared_with, read_adapter
from suite.subjects.architectures import auto_classes, model_types
from suite.subjects.declared import declared_by, read_declared
from suite.subjects.folder_kinds import ADAPTER, adapter_alone, quantization
from suite.subjects.hub import fetch_config
from suite.subjects.integrity import check_files, read_config
from suite.subjects.processor_files import check_processor_files
from suite.subjects.source import Source
from suite.task import Checkpoint, Task
from suite.task.declared import Declared

HUB_ID = re.compile(r"(?P<repo>[\w.-]+(/[\w.-]+)?)(@(?P<revision>[\w./-]+))?")
LOCAL_REVISION = "local"


def match(
    model: str, tasks: Iterable[Task], own_samples: bool = False, base: str | None = None
) -> list[tuple[Task, Checkpoint, Source]]:
    """The tasks that load the checkpoint's class, each with the checkpoint and its source.

    Where the class fits but the rest does not, the source says so (`misfit`). `model` is a folder, or a Hub id
    (`organisation/name`, or a bare old name) with an optional `@revision`; `own_samples` is whether the tasks will be
    asked about the user's samples. `base` is the folder or id of the model on which a folder that holds an adapter
    stands.

    Raises:
        UsageError: there is no such checkpoint, its files are damaged, or no task takes its architecture.
    """
    if not model.strip():
        raise UsageError("--model is empty: pass a folder or a Hub id.")
    directory = _expanded(model)
    if base is not None:
        checkpoint, source, declared = _from_adapter(directory, base)
    elif directory.is_dir():
        checkpoint, source, declared = _from_directory(directory)
    else:
        checkpoint, source, declared = _from_hub(model)
    takers = _takers(declared, model, list(tasks))
    problems = {} if source.directory is None or base is not None else _unprepared(source.directory, takers)
    return [
        (task, checkpoint, replace(source, misfit=task.misfit(declared, own_samples) or problems.get(task.name)))
        for task in takers
    ]


def _unprepared(directory: Path, tasks: list[Task]) -> dict[str, str]:
    """Why a task cannot prepare its inputs with what is in the folder, by task.

    Raises:
        UsageError: none can.
    """
    problems: dict[str, str] = {}
    for task in tasks:
        try:
            check_processor_files(directory, task.processor_class, read_config(directory).get("model_type"))
        except CheckpointError as error:
            problems[task.name] = str(error)
    if len(problems) == len(tasks):
        raise UsageError(f"--model cannot be used: {next(iter(problems.values()))}")
    return problems


def _from_directory(directory: Path) -> tuple[Checkpoint, Source, Declared]:
    directory = directory.resolve()
    try:
        check_files(directory)
        declared = read_declared(directory)
    except CheckpointError as error:
        raise UsageError(f"--model cannot be used: {error}") from error
    checkpoint = Checkpoint(printable_name(directory.name), LOCAL_REVISION, declared.architecture)
    return checkpoint, Source("local", checkpoint, directory=directory), declared


def _from_adapter(directory: Path, base: str) -> tuple[Checkpoint, Source, Declared]:
    """An adapter's own words where it has them (labels, a chat template), the base's for the rest."""
    if adapter_alone(directory) is None:
        raise UsageError(f"--base is for an adapter, and {directory} is none: it has no {ADAPTER}, or a model as well.")
    place = _expanded(base)
    _, source, words = _from_directory(place) if place.is_dir() else _from_hub(base)
    directory = directory.resolve()
    try:
        declared = declared_with(read_adapter(directory), words)
    except CheckpointError as error:
        raise UsageError(f"--model cannot be used: {error}") from error
    checkpoint = Checkpoint(printable_name(directory.name), LOCAL_REVISION, declared.architecture)
    return checkpoint, replace(source, adapter=directory), declared


def _from_hub(model: str) -> tuple[Checkpoint, Source, Declared]:
    parts = HUB_ID.fullmatch(model)
    if Path(model).is_file():
        raise UsageError(f"--model {model} is a file: pass the folder that it lies in.")
    if parts is None or model.startswith((".", "~")):
        raise UsageError(f"--model {model}: there is no such folder{_near_folder(model)}{_without_prefix(model)}.")
    try:
        config, revision = fetch_config(parts["repo"], parts["revision"])
        quantized = quantization(config, model)
        if quantized:
            raise CheckpointError(quantized)
        declared = declared_by(config, model)
    except CheckpointError as error:
        raise UsageError(f"--model {model} is not a folder here{_near_folder(model)}. {error}") from error
    checkpoint = Checkpoint(parts["repo"], revision, declared.architecture)
    return checkpoint, Source("hub", checkpoint), declared


def _takers(declared: Declared, model: str, tasks: list[Task]) -> list[Task]:
    architecture, classes = declared.architecture, auto_classes()
    chosen = [task for task in tasks if task.takes(declared)]
    if chosen:
        return chosen
    supported = ", ".join(f"{task.auto_class} ({task.name})" for task in tasks)
    misnamed = _misnamed(declared, tasks)
    if architecture in classes:
        its_classes = ", ".join(sorted(classes[architecture]))
        raise UsageError(
            f"--model {model} is a {architecture}, for {its_classes}, and no task takes that. "
            f"The tasks take {supported}.{misnamed}"
        )
    near = difflib.get_close_matches(architecture, classes, n=1, cutoff=0.8)
    hint = f" Did its config mean {near[0]!r}?" if near else ""
    raise UsageError(
        f"--model {model} is a {architecture}, which the installed transformers does not have; code that comes with a "
        f"checkpoint is not run.{hint} The tasks take {supported}.{misnamed}"
    )


def _misnamed(declared: Declared, tasks: list[Task]) -> str:
    """The way out where the weights are those of another class than the config names; none for a foreign family."""
    table = model_types()
    fitting = {
        name for task in tasks for name in table.get(task.auto_class, {}).get(declared.model_type, ()) if name
    } - {declared.architecture}
    if not fitting:
        return ""
    return (
        f" If its weights are in truth those of a class of its family that they take ({listed(sorted(fitting))}), "
        'write that class in "architectures" of its config.json.'
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
