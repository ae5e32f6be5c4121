"""One trial, in a process of its own: a tiny checkpoint of an architecture goes the way of any user's checkpoint."""

from __future__ import annotations

import gc
import os
import pickle
import resource
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from suite.backends import REFERENCE, references
from suite.benchmarks.families.tiny_checkpoint import CannotBeTiny, write_checkpoints
from suite.core.errors import TouchstoneError, Unsupported, UsageError
from suite.core.files import ROOT_VARIABLE
from suite.processes.stdio import print_to
from suite.subjects.model_option import match
from suite.subjects.source import Source
from suite.task import Sample, Task, discovery
from suite.worker.cell_worker import CellWorker
from suite.worker.messages import Request, Spec

SAMPLES = 8
"""So few inputs of the world are examined."""
MOST_MEMORY = 8 * 2**30
"""Bytes that a trial may take: sizes that nobody tried ask for any amount."""


class Result(StrEnum):
    """What came of a family on a backend."""

    RUNS = "runs"
    UNSUPPORTED = "unsupported"
    FAILS = "fails"
    NOT_TINY = "not tiny"
    """Nothing was tried, since no small checkpoint could be made."""


@dataclass(frozen=True)
class Family:
    """What to try: an architecture of a model type, for tasks of one Auto class, and on which backends.

    Whatever is asked, the reference runs first; a line comes for those that are asked.
    """

    auto_class: str
    model_type: str
    architecture: str
    capabilities: tuple[str, ...]
    backends: tuple[str, ...]


@dataclass(frozen=True)
class Line:
    """What came of it for one capability on one backend."""

    capability: str
    backend: str
    result: Result
    reason: str = ""
    raised: bool = False
    """Whether something was raised that nobody foresaw: it may be the sizes' fault, and others are tried."""


def serve(pipe: Connection, family: Family, shared: Path, log: Path, seconds: int) -> None:
    """Run in the child: send a line for each capability and backend as soon as it is known.

    The child is ended after so many seconds of processor time for each: a crowded machine is no family's fault.
    `shared` is where the samples of the tasks are kept for other children.
    """
    gc.freeze()  # what was imported before the fork is not looked through again and again
    print_to(log)
    limit = seconds * len(family.capabilities)
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, MOST_MEMORY))
    try:
        for line in attempt(family, shared):
            pipe.send(line)
    except BaseException as error:
        traceback.print_exc()
        with suppress(OSError):
            pipe.send(Line("", "", Result.FAILS, _said(error)))
    finally:
        pipe.close()
        os._exit(0)


def attempt(family: Family, shared: Path) -> Iterator[Line]:
    """A line for each capability and backend.

    Of several ways of making the checkpoint the first that runs on the reference counts. A capability is tried on the
    checkpoint of an earlier one where it is one for it, else on one with its own labels and words.
    """
    tasks = discovery.load_tasks(discovery.tasks_root())
    with tempfile.TemporaryDirectory(prefix="ts-") as folder:
        os.environ[ROOT_VARIABLE] = str(Path(folder, "cache"))  # nobody will want these exports again
        ran: list[Path] = []
        for name in family.capabilities:
            task = tasks[name]
            yield from _capability(task, family, ran, Path(folder, name), _few_samples(task, shared))


def _few_samples(task: Task, shared: Path) -> Sequence[Sample]:
    file = shared / f"{task.name}.samples"
    if not file.is_file():
        aside = file.with_suffix(f".{os.getpid()}")
        aside.write_bytes(pickle.dumps(list(task.samples())[:SAMPLES]))
        aside.replace(file)
    few: Sequence[Sample] = pickle.loads(file.read_bytes())
    return few


def _capability(task: Task, family: Family, ran: list[Path], folder: Path, few: Sequence[Sample]) -> Iterator[Line]:
    """The lines of one capability; a checkpoint on which it runs is added to `ran`."""
    first: Line | None = None
    try:
        for directory in _checkpoints(task, family, ran, folder):
            source = match(str(directory), [task])[0][2]
            if source.misfit is None:
                lines = _on_backends(task, source, family.backends, few)
            else:
                lines = iter([Line(task.name, REFERENCE, Result.UNSUPPORTED, source.misfit)])
            reference = next(lines)
            if reference.raised:
                first = first or reference
                continue
            if reference.result is Result.RUNS:
                ran.append(directory)
                yield from (line for line in (reference, *lines) if line.backend in family.backends)
                return
            first = reference
            break
    except CannotBeTiny as problem:
        first = first or Line(task.name, REFERENCE, Result.NOT_TINY, str(problem))
    except UsageError as problem:
        first = Line(task.name, REFERENCE, Result.UNSUPPORTED, str(problem))
    if first is not None:
        yield from (Line(task.name, backend, first.result, first.reason) for backend in family.backends)


def _checkpoints(task: Task, family: Family, ran: Sequence[Path], folder: Path) -> Iterator[Path]:
    for directory in list(ran):
        if match(str(directory), [task])[0][2].misfit is None:
            yield directory
    yield from write_checkpoints(folder, family.architecture, family.model_type, task)


def _on_backends(task: Task, source: Source, wanted: Sequence[str], few: Sequence[Sample]) -> Iterator[Line]:
    """A line for the reference, and where it runs for the other backends that are wanted."""
    reference: Any = None
    for backend in (REFERENCE, *(name for name in wanted if name != REFERENCE)):
        spec = Spec(
            cell=f"{task.name}/{source.checkpoint.name}/{backend}",
            capability=task.name, tasks=discovery.folder_of(task), source=source, backend=references()[backend],
            device="cpu", threads=1, batch_size=1, seed=0, samples=None, hub_data=False, shared=None,
        )  # fmt: skip
        worker = CellWorker(spec)
        worker.task.samples = lambda: few  # type: ignore[method-assign]  # they would be drawn again and again
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
            yield Line(task.name, backend, Result.FAILS if wrong else Result.RUNS, "; ".join(wrong))
        except Unsupported as reason:
            yield Line(task.name, backend, Result.UNSUPPORTED, str(reason))
        except TouchstoneError as error:
            yield Line(task.name, backend, Result.FAILS, str(error))
        except Exception as error:
            traceback.print_exc()
            yield Line(task.name, backend, Result.FAILS, _said(error), raised=True)


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:400]
