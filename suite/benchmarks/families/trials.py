"""Every trial, one after another or a few at a time, each in a bounded process of its own; what is known is kept."""

from __future__ import annotations

import csv
import multiprocessing.connection
import signal
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from suite.backends import REFERENCE, load_backend, references
from suite.benchmarks.families.tiny_checkpoint import labels_of
from suite.benchmarks.families.trial import Family, Line, Result, serve
from suite.core.errors import UsageError
from suite.core.work import Work
from suite.processes.forkserver import Forkserver
from suite.subjects.architectures import model_types
from suite.subjects.declared import declared_by
from suite.task import Task

PATIENCE = 10
"""A trial may take so many times its processor time, on a crowded machine."""
BACKENDS = (REFERENCE, "onnx")
COLUMNS = ("auto_class", "family", "architecture", "capability", "backend", "result", "reason")
IMPORTED = (
    "AutoConfig", "AutoTokenizer", "AutoProcessor", "AutoImageProcessor", "AutoModelForCausalLM",
    "transformers.modeling_utils:", "transformers.generation.utils:", "transformers.loss.loss_utils:",
    "transformers.image_processing_backends:", "torch.export:", "torch.onnx._internal.exporter._core:",
    "torch._dynamo:", "suite.worker.main:", "suite.backends.shared.onnx.imports:",
)  # fmt: skip
"""What every trial would otherwise import by itself, for longer than it takes."""


@dataclass(frozen=True)
class Row:
    """A line of the table: what came of a family's architecture for a capability on a backend."""

    auto_class: str
    family: str
    architecture: str
    capability: str
    backend: str
    result: str
    reason: str

    @property
    def cell(self) -> tuple[str, str, str, str, str]:
        """What the line is about."""
        return (self.auto_class, self.family, self.architecture, self.capability, self.backend)


def families(tasks: Iterable[Task], auto_classes: Iterable[str] = (), names: Iterable[str] = ()) -> list[Family]:
    """What there is to try: each architecture of each Auto class that a task loads; of some classes or families alone.

    Raises:
        UsageError: one of them is unknown.
    """
    table, wanted, named = model_types(), set(auto_classes), set(names)
    capabilities: dict[str, list[str]] = {}
    for task in tasks:
        if task.auto_class in table and task.work is Work.INFERENCE:
            capabilities.setdefault(task.auto_class, []).append(task.name)
    unknown = sorted(wanted - capabilities.keys()) + sorted(
        named - {name for auto_class in capabilities for name in table[auto_class]}
    )
    if unknown:
        raise UsageError(f"No task loads {', '.join(unknown)}: choose among {', '.join(sorted(capabilities))}.")
    return [
        Family(auto_class, family, architecture, tuple(capabilities[auto_class]), BACKENDS)
        for auto_class in sorted(capabilities)
        for family, architectures in table[auto_class].items()
        for architecture in architectures
        if (not wanted or auto_class in wanted) and (not named or family in named)
    ]


def untried(chosen: Iterable[Family], rows: Iterable[Row], backend: str) -> list[Family]:
    """What of it no row is about yet on a backend; on another one than the reference only what runs on that."""
    known = {row.cell: row for row in rows}
    left = []
    for family in chosen:
        capabilities = tuple(
            name
            for name in family.capabilities
            if _cell(family, name, backend) not in known
            and (backend == REFERENCE or _result(known.get(_cell(family, name, REFERENCE))) == Result.RUNS)
        )
        if capabilities:
            left.append(replace(family, capabilities=capabilities, backends=(backend,)))
    return left


def inherited(chosen: Iterable[Family], rows: Iterable[Row]) -> list[Row]:
    """Rows for the backends on which nothing need be tried, since the reference does not run."""
    known = {row.cell: row for row in rows}
    return [
        replace(reference, backend=backend)
        for family in chosen
        for name in family.capabilities
        for backend in family.backends
        if (reference := known.get(_cell(family, name, REFERENCE))) is not None
        and reference.result != Result.RUNS
        and _cell(family, name, backend) not in known
    ]


def _cell(family: Family, capability: str, backend: str) -> tuple[str, str, str, str, str]:
    return (family.auto_class, family.model_type, family.architecture, capability, backend)


def _result(row: Row | None) -> str:
    return "" if row is None else row.result


@dataclass(frozen=True)
class Bounds:
    """How much processor time a trial may take, in seconds, how many run at a time, and where what they print goes."""

    seconds: int
    jobs: int
    log: Path


def try_all(
    chosen: Iterable[Family], tasks: Mapping[str, Task], bounds: Bounds, keep: Callable[[list[Row]], None]
) -> None:
    """Try each; `keep` gets the rows of each as soon as they are known."""
    built = {name for backend in BACKENDS for name in load_backend(references()[backend]).preload}
    forkserver = Forkserver({*IMPORTED, *built}, 1, bounds.log)
    pool = ThreadPoolExecutor(bounds.jobs, thread_name_prefix="family")
    alive: set[Any] = set()
    over = threading.Event()
    with tempfile.TemporaryDirectory(prefix="ts-") as shared:
        try:
            futures = {
                pool.submit(_lines, family, tasks, Children(forkserver, Path(shared), bounds, alive, over)): family
                for family in chosen
            }
            for future in as_completed(futures):
                family = futures[future]
                keep([_row(family, line) for line in future.result()])
        finally:
            over.set()
            pool.shutdown(wait=False, cancel_futures=True)
            for process in list(alive):  # nobody waits for what is still being tried where the run is ended
                process.kill()
            pool.shutdown()


def _row(family: Family, line: Line) -> Row:
    return Row(
        family.auto_class, family.model_type, family.architecture, line.capability, line.backend, str(line.result),
        line.reason,
    )  # fmt: skip


@dataclass(frozen=True)
class Children:
    """How children are started, which are alive, and whether the run is over, so that none may be."""

    forkserver: Forkserver
    shared: Path
    bounds: Bounds
    alive: set[Any]
    over: threading.Event


def _lines(family: Family, tasks: Mapping[str, Task], children: Children) -> list[Line]:
    """A line for each capability and backend, whatever the child says or leaves unsaid."""
    misfits = {name: _static_misfit(family, tasks[name]) for name in family.capabilities}
    rest = tuple(name for name, misfit in misfits.items() if misfit is None)
    said: dict[tuple[str, str], Line] = {}
    if rest:
        asked = replace(family, capabilities=rest)
        said = {(line.capability, line.backend): line for line in _child(asked, children)}
    lost = said.get(("", ""), Line("", "", Result.FAILS, "the process ended without a word"))
    return [
        Line(name, backend, Result.UNSUPPORTED, misfit)
        if misfit
        else said.get((name, backend), Line(name, backend, lost.result, lost.reason))
        for name, misfit in misfits.items()
        for backend in family.backends
    ]


def _static_misfit(family: Family, task: Task) -> str | None:
    """Why a task does not want the architecture, where that follows from its names alone."""
    config = {"architectures": [family.architecture], "model_type": family.model_type, **labels_of(task)}
    return task.misfit(declared_by(config, family.architecture), own_samples=True)


def _child(family: Family, children: Children) -> Iterator[Line]:
    bounds = children.bounds
    ours, theirs = multiprocessing.Pipe()
    process: Any = children.forkserver.context.Process(
        target=serve, args=(theirs, family, children.shared, bounds.log, bounds.seconds), daemon=True
    )
    children.forkserver.start(process)
    children.alive.add(process)
    theirs.close()
    try:
        while not children.over.is_set() and multiprocessing.connection.wait([ours], PATIENCE * bounds.seconds):
            yield ours.recv()
        yield Line("", "", Result.FAILS, f"it had not ended after {PATIENCE * bounds.seconds} s")
    except (EOFError, OSError):
        process.join(1)
        code = process.exitcode
        if code == -signal.SIGXCPU:
            # Of the reference that is a fault of ours, or of our sizes; an export may be long, as one of loops is.
            result = Result.FAILS if REFERENCE in family.backends else Result.UNSUPPORTED
            yield Line("", "", result, f"it took more than {bounds.seconds} s of processor time, small as it is")
        elif code == -signal.SIGKILL:
            yield Line("", "", Result.FAILS, "it took more than the memory there is")
        elif code is not None and code < 0:
            yield Line("", "", Result.FAILS, f"the process died of {signal.Signals(-code).name}")
    finally:
        children.alive.discard(process)
        process.kill()
        process.join()
        ours.close()


def read_rows(file: Path) -> list[Row]:
    """The rows that are kept in a file; none where there is no file."""
    if not file.is_file():
        return []
    with file.open(encoding="utf-8", newline="") as lines:
        return [Row(**{name: row[name] for name in COLUMNS}) for row in csv.DictReader(lines)]


def write_rows(file: Path, rows: Iterable[Row]) -> None:
    """Keep rows in a file, in the table's order."""
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_suffix(".new")
    with aside.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(sorted(tuple(getattr(row, name) for name in COLUMNS) for row in rows))
    aside.replace(file)
