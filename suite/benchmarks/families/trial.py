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
from suite.benchmarks.families.exporter_alone import straying
from suite.benchmarks.families.tiny_checkpoint import CannotBeTiny, borrowed_processor, write_checkpoints
from suite.core.errors import InvalidInput, NotFinite, OtherShape, TouchstoneError, Unsupported, UsageError
from suite.core.files import ROOT_VARIABLE
from suite.processes.stdio import print_to
from suite.subjects.model_option import match
from suite.subjects.source import Source
from suite.task import Sample, Task, discovery
from suite.worker.cell_worker import CellWorker
from suite.worker.failures import is_out_of_memory
from suite.worker.messages import Request, Spec

SAMPLES = 8
"""So few inputs of the world are examined."""
GRACE = 10
"""Seconds of processor time between being told to end and being ended."""
MOST_MEMORY = 8 * 2**30
"""Bytes that a trial may take: sizes that nobody tried ask for any amount."""


class Result(StrEnum):
    """What came of a family on a backend."""

    RUNS = "runs"
    UNSUPPORTED = "unsupported"
    STRAYS = "strays"
    """Its graph computes something else than the model does, and so it is without this suite: the exporter's fault, or
    the runtime's."""
    FAILS = "fails"
    NOT_TINY = "not tiny"
    """Nothing was tried, since no small checkpoint could be made that plain transformers runs."""


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
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + GRACE))  # where both are one, no signal says which it was
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
                first = reference if first is None or first.result is Result.NOT_TINY else first
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
            elif not wrong and (strays := _strays(worker, reference)):
                yield _strayed(task, backend, worker, strays)
                continue
            # Of one set of random weights answers may be all but tied, and outputs larger than any real ones.
            again = bool(wrong) and backend == REFERENCE
            yield Line(task.name, backend, Result.FAILS if wrong else Result.RUNS, "; ".join(wrong), raised=again)
        except Unsupported as reason:
            yield _unsupported(task, backend, source, str(reason))
        except InvalidInput as reason:  # it has no room for the samples, unless it was made too small
            yield Line(task.name, backend, Result.UNSUPPORTED, str(reason), raised=True)
        except NotFinite as error:
            by_itself = _by_itself(worker) if backend == REFERENCE else None
            yield _failed(task, backend, str(error), by_itself)
        except TouchstoneError as error:
            yield Line(task.name, backend, Result.FAILS, str(error))
        except Exception as error:
            traceback.print_exc()
            if backend != REFERENCE and is_out_of_memory(error):
                memory = f"it takes more than {MOST_MEMORY >> 30} GiB, small as it is, where the reference does not"
                yield Line(task.name, backend, Result.UNSUPPORTED, memory)
                continue
            yield _failed(task, backend, _said(error), _by_itself(worker) if backend == REFERENCE else None)


def _unsupported(task: Task, backend: str, source: Source, reason: str) -> Line:
    """What does not fit may be the processor, where the family's own cannot be made of any that is shipped."""
    if backend == REFERENCE and source.directory and (own := borrowed_processor(source.directory)):
        return Line(task.name, backend, Result.NOT_TINY, f"a {own} cannot be made of the files of another: {reason}")
    return Line(task.name, backend, Result.UNSUPPORTED, reason)


def _strays(worker: CellWorker, reference: Any) -> str | None:
    """How a backend's outputs differ from the reference's."""
    try:
        distance = worker.answer(Request("fidelity", {"reference": reference}))
    except OtherShape as error:
        return str(error)
    if distance.relative > worker.tolerance.fidelity:
        return f"its outputs stray by {distance.relative:.2g} of the reference's largest"
    return None


def _strayed(task: Task, backend: str, worker: CellWorker, strays: str) -> Line:
    alone = straying(worker)
    if alone is None:
        return Line(task.name, backend, Result.FAILS, strays)
    return Line(task.name, backend, Result.STRAYS, f"{strays}; without this suite, {alone}")


def _failed(task: Task, backend: str, said: str, by_itself: str | None) -> Line:
    if by_itself is None:
        return Line(task.name, backend, Result.FAILS, said, raised=True)
    reason = f"plain transformers runs it in none of the sizes that were tried: {by_itself}"
    return Line(task.name, backend, Result.NOT_TINY, reason, raised=True)


def _by_itself(worker: CellWorker) -> str | None:
    """What goes wrong where plain transformers is asked the same, or `None`: nothing, as far as is known."""
    import torch

    try:
        inputs, model = worker.subject.example(), worker.subject.load_model()
    except Exception:  # it did not come to that: what was raised stands
        return None
    try:
        with torch.inference_mode():
            if worker.task.generation is not None:
                return _not_finite(model.generate(**inputs, max_new_tokens=2, do_sample=False))
            return _not_finite(model(**inputs))
    except Exception as error:
        return _said(error)


def _not_finite(outputs: Any) -> str | None:
    import torch

    values = outputs.values() if hasattr(outputs, "values") and not isinstance(outputs, torch.Tensor) else [outputs]
    numbers = [value for value in values if isinstance(value, torch.Tensor) and value.is_floating_point()]
    return "its numbers are not finite" if any(value.isnan().any() for value in numbers) else None


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:400]
