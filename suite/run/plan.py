"""Which cells exist, which checks each of them has, and why some cannot run. Decided without torch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from suite import checks
from suite.backends import QUICK, REFERENCE, Backend, get_backend, references
from suite.core.cell import Cell
from suite.core.errors import UsageError, known_name
from suite.core.settings import Settings
from suite.core.work import Work
from suite.run.model_names import distinct, without_repeats
from suite.subjects import Source, resolve
from suite.subjects.model_option import match
from suite.subjects.samples_file import read_samples
from suite.subjects.source import identity
from suite.task import Checkpoint, Task, discovery
from suite.task.training import TrainingTask


@dataclass(frozen=True)
class Planned:
    """A cell that exists. `reason` says why it cannot run here, or is `None`."""

    cell: Cell
    task: Task
    source: Source
    backend: Backend
    reason: str | None

    @property
    def checks(self) -> tuple[str, ...]:
        """The checks that the backend has and that apply to the cell."""
        untrained = self.source.kind == "miniature" and self.source.checkpoint.untrained
        is_trained = self.source.kind != "random" and not untrained
        is_reference = self.cell.backend == REFERENCE
        return tuple(
            name
            for name, check in checks.REGISTRY.items()
            if self.task.work in check.works
            and (name in self.backend.checks or self.task.work is Work.TRAINING)
            and check.applies(is_reference, is_trained)
            and check.applies_to(self.backend.method if self.task.work is Work.TRAINING else None)
        )

    @property
    def builds(self) -> bool:
        """Whether something is made in a process of its own before the cell can be opened: an export, a training."""
        return self.backend.builds or self.task.work is Work.TRAINING


def plan(settings: Settings, tasks: Mapping[str, Task]) -> list[Planned]:
    """Every cell of the run, checkpoint by checkpoint, the reference first.

    Raises:
        UsageError: an unknown capability, or a model that fits no task.
    """
    for name in settings.capabilities:
        known_name("capability", name, tasks)
    backends = [get_backend(name) for name in references()]
    planned = []
    for task, checkpoint, source in _sources(settings, tasks):
        for backend in backends:
            if not does(backend, task):
                continue
            cell = Cell(
                capability=task.name,
                modality=task.modality,
                checkpoint=checkpoint.name,
                checkpoint_id=checkpoint.id,
                revision=checkpoint.revision,
                weights=source.kind,
                architecture=checkpoint.architecture,
                backend=backend.name,
                device=settings.device,
                dtype=backend.dtype,
                batch_size=task.schedule.batch_size if isinstance(task, TrainingTask) else settings.batch_size,
                threads=settings.threads,
                work=str(task.work),
            )
            reason = (
                source.unavailable
                or source.misfit
                or _without_weights(task, backend)
                or _cannot_train(task, backend, source, settings.device)
                or backend.unsupported(settings.device)
            )
            planned.append(Planned(cell, task, source, backend, reason))
    _distinct(planned)
    if settings.samples is not None:
        _check_samples(settings.samples, [entry for entry in planned if is_selected(entry, settings)])
    if settings.train_samples is not None or settings.train_steps is not None:
        _check_training(settings, [entry.task for entry in planned if is_selected(entry, settings)], tasks)
    return planned


def matrix(tasks: Mapping[str, Task]) -> list[str]:
    """The ids of the cells that these tasks have by default on a CPU, whatever the weights."""
    return [
        f"{task.name}/{checkpoint.name}/{backend.name}"
        for task in tasks.values()
        for checkpoint in task.checkpoints
        for backend in map(get_backend, references())
        if backend.runs_unasked("cpu") and does(backend, task)
    ]


def does(backend: Backend, task: Task) -> bool:
    """Whether a backend has cells of a task: whether it executes checkpoints, or trains them in a way that fits."""
    if not isinstance(task, TrainingTask):
        return backend.infers
    return backend.method is not None and task.takes_method(backend.method)


def quick(planned: Sequence[Planned]) -> set[str]:
    """The cells that `-m quick` selects: the first checkpoint of each capability on one pair of backends, or on those
    that the task names.
    """
    first: dict[str, str] = {}
    for entry in planned:
        first.setdefault(entry.cell.capability, entry.cell.group)
    return {
        entry.cell.id
        for entry in planned
        if entry.cell.backend in (entry.task.quick_backends or QUICK)
        and first[entry.cell.capability] == entry.cell.group
    }


def _without_weights(task: Task, backend: Backend) -> str | None:
    return task.no_weights if backend.needs_weights else None


def _cannot_train(task: Task, backend: Backend, source: Source, device: str) -> str | None:
    if not isinstance(task, TrainingTask):
        return None
    if source.adapter is not None:
        return "an adapter is merged before it is trained further: pass the merged model, without --base"
    if device.startswith("cuda:") and device != "cuda:0":
        return "a training takes the first GPU that it sees: choose it by CUDA_VISIBLE_DEVICES, with --device cuda"
    needed = ["accelerate", *(["peft"] if backend.method is not None and backend.method.rank else [])]
    absent = [name for name in needed if find_spec(name) is None]
    if absent:
        return f'training needs {" and ".join(absent)}: pip install "touchstone-bench[training]"'
    return None


def _check_samples(file: Path, planned: Sequence[Planned]) -> None:
    """Read the user's samples once before anything runs; they belong to one capability that the models fit."""
    tasks = {entry.task.name: entry.task for entry in planned if entry.source.misfit is None}
    tasks = tasks or {entry.task.name: entry.task for entry in planned}
    if len(tasks) != 1:
        raise UsageError(
            f"--samples {file} is labelled for one capability, but {len(tasks)} are selected: add --capability."
        )
    read_samples(file, next(iter(tasks.values())))


def _check_training(settings: Settings, selected: Iterable[Task], tasks: Mapping[str, Task]) -> None:
    """Read what is to be learnt from once before anything runs."""
    training = [task for task in selected if isinstance(task, TrainingTask)]
    if not training:
        names = ", ".join(name for name, task in tasks.items() if isinstance(task, TrainingTask))
        option = "--train-steps" if settings.train_samples is None else f"--train-samples {settings.train_samples}"
        raise UsageError(f"{option} is for capabilities that train: name one with --capability ({names}).")
    if settings.train_samples is not None:
        training[0].classes(read_samples(settings.train_samples, training[0], "--train-samples"))


def _sources(settings: Settings, tasks: Mapping[str, Task]) -> Iterable[tuple[Task, Checkpoint, Source]]:
    if settings.models:
        # A checkpoint is trained only where that is asked for by name.
        asked = settings.capabilities or [name for name, task in tasks.items() if task.work is Work.INFERENCE]
        candidates = [task for name, task in tasks.items() if name in asked]
        own = settings.samples is not None
        matched = [
            match(model, candidates, own_samples=own, base=settings.base) for model in dict.fromkeys(settings.models)
        ]
        yield from distinct(without_repeats(matched))
        return
    for task in tasks.values():
        for checkpoint in task.checkpoints:
            yield task, checkpoint, resolve(checkpoint, settings.weights, discovery.folder_of(task))


def _distinct(planned: Sequence[Planned]) -> None:
    owners: dict[str, str] = {}
    for entry in planned:
        name = str(entry.source.directory or entry.cell.checkpoint_id)
        if entry.cell.id in owners:
            raise UsageError(
                f"{owners[entry.cell.id]} and {name} would both be called {entry.cell.checkpoint!r} in this run: "
                "rename one folder, or run them one after the other."
            )
        owners[entry.cell.id] = name


def is_selected(entry: Planned, settings: Settings) -> bool:
    """Whether --capability and --backend ask for this cell."""
    cell = entry.cell
    return (not settings.capabilities or cell.capability in settings.capabilities) and (
        cell.backend in settings.backends if settings.backends else entry.backend.runs_unasked(cell.device)
    )


def waiting(planned: Iterable[Planned], settings: Settings) -> list[str]:
    """The backends that are there and run only when asked for, where none is."""
    return (
        []
        if settings.backends
        else sorted({entry.backend.name for entry in planned if not entry.backend.runs_unasked(entry.cell.device)})
    )


def preloads(planned: Iterable[Planned]) -> set[str]:
    """What the forkserver imports for these cells: the concrete classes in use."""
    names: set[str] = set()
    for entry in planned:
        names |= {entry.cell.architecture, entry.task.auto_class, entry.task.processor_class}
        names |= {*entry.task.preload, *entry.backend.preload, f"{type(entry.backend).__module__}:"}
    return names | {"AutoConfig", "AutoTokenizer", "suite.worker.main:"}


def describe(planned: Sequence[Planned]) -> dict[str, Any]:
    """The selection as run.json keeps it."""
    sources = {entry.cell.group: entry.source for entry in planned if not entry.source.unavailable}
    return {
        "cells": [entry.cell.id for entry in planned],
        "checkpoints": sorted({f"{entry.cell.checkpoint_id}@{entry.cell.revision}" for entry in planned}),
        "fingerprints": {name: identity(source) for name, source in sorted(sources.items())},
    }
