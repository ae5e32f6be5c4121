"""Discovery of the tasks of a folder, which is loaded by path, whatever its name on the import path."""

from __future__ import annotations

import hashlib
import importlib
import inspect
import re
import sys
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from importlib.util import find_spec, module_from_spec
from pathlib import Path
from types import ModuleType

from suite.core import extensions
from suite.core.errors import UsageError
from suite.core.files import project_root
from suite.core.work import Work
from suite.task import Checkpoint, Task
from suite.task.base import MODALITIES

TRAINING = "training"
FOLDERS = (*MODALITIES, TRAINING)
"""Where the capabilities lie: those that answer by their modality, those that train by themselves."""

PACKAGE = "touchstone_tasks"
REQUIRED = ("name", "modality", "auto_class", "checkpoints", "metric")
KEBAB_CASE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
COMMIT = re.compile(r"[0-9a-f]{7,40}")


def tasks_root() -> Path:
    """The tasks folder beside the suite."""
    return project_root() / "tasks"


def installed_folders() -> tuple[Path, ...]:
    """The tasks folders that installed packages bring, by entry points in the group `touchstone.tasks`.

    Raises:
        UsageError: an entry point whose package has no folder.
    """
    return tuple(_folder(extension) for extension in extensions.installed(extensions.TASKS))


def _folder(extension: extensions.Extension) -> Path:
    module = extension.reference.partition(":")[0]
    try:
        spec = find_spec(module)
    except Exception as error:  # the packages above it are imported, and may raise anything
        raise extension.broken(f"{module} is not found ({type(error).__name__}: {error})") from error
    if spec is None or not spec.submodule_search_locations:
        raise extension.broken(f"{module} is not a package with a folder")
    return Path(spec.submodule_search_locations[0])


def load_tasks(root: Path, *further: Path) -> dict[str, Task]:
    """Every task defined in `<root>/<modality>/*.py`, by name, in the order of modalities and names.

    The tasks of `further` folders follow.

    Raises:
        UsageError: a folder has no tasks, one of them cannot be loaded or is incomplete, or two have the same name.
    """
    tasks: dict[str, Task] = {}
    for folder in (root, *further):
        for task in _tasks_of(Path(folder).resolve()):
            if task.name in tasks:
                raise UsageError(
                    f"Two tasks are named {task.name!r}, {_origin(tasks[task.name])} and {_origin(task)}: rename one."
                )
            tasks[task.name] = task
    return tasks


def _tasks_of(root: Path) -> list[Task]:
    if not root.is_dir():
        raise UsageError(f"There is no tasks folder at {root}: pass an existing one with --tasks.")
    tasks = [
        task
        for folder in FOLDERS
        for task in sorted(
            (task for file in _files(root / folder) for task in _tasks_in(root, file)), key=lambda task: task.name
        )
    ]
    if not tasks:
        raise UsageError(
            f"The tasks folder {root} defines no task: put Task subclasses into {', '.join(FOLDERS)} inside it."
        )
    return tasks


def folder_of(task: Task) -> Path:
    """The tasks folder that a task was loaded from."""
    return Path(sys.modules[type(task).__module__.partition(".")[0]].__path__[0])


def load_module(root: Path, name: str) -> ModuleType:
    """A module of the tasks folder by its dotted name in it, `"worlds.grammar"`.

    Raises:
        UsageError: it cannot be imported.
    """
    package = _package(Path(root).resolve())
    try:
        return importlib.import_module(f"{package}.{name}")
    except Exception as error:
        path = Path(root, *name.split(".")).with_suffix(".py")
        raise UsageError(f"{path} cannot be loaded: {type(error).__name__}: {error}") from error


def _package(root: Path) -> str:
    """The name of the synthetic package whose path is `root`; one per folder, so that two can coexist."""
    name = PACKAGE
    if root != tasks_root():
        name += "_" + hashlib.sha256(str(root).encode()).hexdigest()[:8]
    if name not in sys.modules:
        spec = ModuleSpec(name, loader=None, is_package=True)
        spec.submodule_search_locations = [str(root)]
        sys.modules[name] = module_from_spec(spec)
    return name


def _files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.glob("*.py") if not file.name.startswith(("_", "test_")))


def _tasks_in(root: Path, file: Path) -> Iterator[Task]:
    module = load_module(root, f"{file.parent.name}.{file.stem}")
    for value in vars(module).values():
        if not (inspect.isclass(value) and issubclass(value, Task) and value.__module__ == module.__name__):
            continue
        if value.__name__.startswith("_"):
            continue
        where = f"The task {value.__name__} in {file}"
        if inspect.isabstract(value):
            missing = ", ".join(sorted(value.__abstractmethods__))
            raise UsageError(f"{where} lacks the methods {missing}: write them, or begin its name with an underscore.")
        _validate(value, file.parent.name, where)
        yield value()


def _validate(task: type[Task], folder: str, where: str) -> None:
    absent = [attribute for attribute in REQUIRED if not hasattr(task, attribute)]
    if absent:
        raise UsageError(f"{where} does not set {', '.join(absent)}: every task needs them.")
    if not KEBAB_CASE.fullmatch(task.name):
        raise UsageError(f"{where} is named {task.name!r}: write lower-case words joined by hyphens.")
    if task.modality not in MODALITIES:
        raise UsageError(f"{where} has the modality {task.modality!r}: write one of {', '.join(MODALITIES)}.")
    proper = TRAINING if task.work == Work.TRAINING else task.modality
    if proper != folder:
        raise UsageError(f"{where} has the modality {task.modality!r}, but lies in {folder}: move it or correct it.")
    if not task.auto_class.isidentifier():
        raise UsageError(f"{where} has the auto_class {task.auto_class!r}: write the name of a transformers class.")
    if not task.__doc__:
        raise UsageError(f"{where} has no docstring: say in a sentence what the capability is.")
    if not task.checkpoints:
        raise UsageError(f"{where} names no checkpoint: it needs at least one.")
    for checkpoint in task.checkpoints:
        _validate_checkpoint(checkpoint, where)
    names = [checkpoint.name for checkpoint in task.checkpoints]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"{where} has two checkpoints that show as {name!r}: their last components must differ.")


def _validate_checkpoint(checkpoint: Checkpoint, where: str) -> None:
    by_hand = not checkpoint.revision and checkpoint.miniature
    if not by_hand and not COMMIT.fullmatch(checkpoint.revision):
        raise UsageError(
            f"{where} pins {checkpoint.id} at {checkpoint.revision!r}: write a commit hash, not a branch or a tag."
        )


def _origin(task: Task) -> str:
    return str(inspect.getsourcefile(type(task)))
