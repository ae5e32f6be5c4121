"""One trial, in a process of its own: a tiny checkpoint of an architecture goes the way of any user's checkpoint."""

from __future__ import annotations

import os
import resource
import tempfile
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from suite.backends import REFERENCE, references
from suite.benchmarks.families.tiny_checkpoint import CannotBeTiny, write_checkpoints
from suite.core.errors import TouchstoneError, Unsupported
from suite.processes.stdio import print_to
from suite.subjects.model_option import match
from suite.task import Task, discovery
from suite.worker.cell_worker import CellWorker
from suite.worker.messages import Request, Spec

SAMPLES = 8
"""So few inputs of the world are examined."""


class Result(StrEnum):
    """What came of a family on a backend."""

    RUNS = "runs"
    UNSUPPORTED = "unsupported"
    FAILS = "fails"
    NOT_TINY = "not tiny"
    """Nothing was tried, since no small checkpoint could be made."""


@dataclass(frozen=True)
class Family:
    """What to try: an architecture of a model type, for the tasks of one Auto class, on these backends."""

    auto_class: str
    model_type: str
    architecture: str
    capabilities: tuple[str, ...]
    backends: tuple[str, ...]


@dataclass(frozen=True)
class Line:
    """What came of it on one backend."""

    backend: str
    result: Result
    reason: str = ""
    raised: bool = False
    """Whether something was raised that nobody foresaw: it may be the sizes' fault, and others are tried."""


def serve(pipe: Connection, family: Family, log: Path, seconds: int) -> None:
    """Run in the child: send a line for each backend as soon as it is known.

    The child is ended after so many seconds of processor time: a crowded machine is no family's fault.
    """
    print_to(log)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    try:
        for line in attempt(family):
            pipe.send(line)
    except BaseException as error:
        traceback.print_exc()
        pipe.send(Line("", Result.FAILS, _said(error)))
    finally:
        pipe.close()
        os._exit(0)


def attempt(family: Family) -> Iterator[Line]:
    """A line for each backend. Of several ways of making the checkpoint the first that runs on the reference counts."""
    tasks = [discovery.load_tasks(discovery.tasks_root())[name] for name in family.capabilities]
    first: Line | None = None
    with tempfile.TemporaryDirectory(prefix="ts-") as folder:
        try:
            for directory in write_checkpoints(Path(folder), family.architecture, family.model_type, tasks[0]):
                lines = _on_backends(directory, tasks, family.backends, Path(folder))
                reference = next(lines)
                if not reference.raised:
                    yield reference
                    yield from lines
                    return
                first = first or reference
        except CannotBeTiny as problem:
            first = first or Line(REFERENCE, Result.NOT_TINY, str(problem))
    if first is not None:
        yield from (Line(backend, first.result, first.reason) for backend in family.backends)


def _on_backends(directory: Path, tasks: list[Task], backends: tuple[str, ...], shared: Path) -> Iterator[Line]:
    matches = match(str(directory), tasks)
    fitting = [(task, source) for task, _, source in matches if source.misfit is None]
    if not fitting:
        yield from (Line(backend, Result.UNSUPPORTED, str(matches[0][2].misfit)) for backend in backends)
        return
    task, source = fitting[0]
    reference: Any = None
    for backend in backends:
        spec = Spec(
            cell=f"{task.name}/{source.checkpoint.name}/{backend}",
            capability=task.name, tasks=discovery.folder_of(task), source=source, backend=references()[backend],
            device="cpu", threads=1, batch_size=1, seed=0, samples=None, hub_data=False, shared=shared,
        )  # fmt: skip
        worker = CellWorker(spec)
        worker.__dict__["samples"] = list(worker._made_samples())[:SAMPLES]
        try:
            built = worker.answer(Request("build"))
            worker.answer(Request("open", {"build": built.name if built else None}))
            wrong = worker.answer(Request("conformance"))
            if backend == REFERENCE:
                reference = worker.answer(Request("reference"))
            elif not wrong:
                distance = worker.answer(Request("fidelity", {"reference": reference}))
                if distance.relative > worker.tolerance.fidelity:
                    wrong = [f"its outputs stray by {distance.relative:.2g} of the reference's largest"]
            yield Line(backend, Result.FAILS if wrong else Result.RUNS, "; ".join(wrong))
        except Unsupported as reason:
            yield Line(backend, Result.UNSUPPORTED, str(reason))
        except TouchstoneError as error:
            yield Line(backend, Result.FAILS, str(error))
        except Exception as error:
            traceback.print_exc()
            yield Line(backend, Result.FAILS, _said(error), raised=True)
        if reference is None:
            yield from (
                Line(other, Result.FAILS, "eager, with which it is compared, does not run") for other in backends[1:]
            )
            return


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:400]
