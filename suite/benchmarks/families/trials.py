"""Every trial, one after another or a few at a time, each in a bounded process of its own; what is known is kept."""

from __future__ import annotations

import csv
import multiprocessing.connection
import signal
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from suite.backends import REFERENCE
from suite.benchmarks.families.trial import Family, Line, Result, serve
from suite.core.errors import UsageError
from suite.processes.forkserver import Forkserver
from suite.subjects.architectures import model_types
from suite.subjects.declared import declared_by
from suite.task import Task

PATIENCE = 20
"""A trial may take so many times its processor time, on a crowded machine."""
BACKENDS = (REFERENCE, "onnx")
COLUMNS = ("auto_class", "family", "architecture", "capabilities", "backend", "result", "reason")


@dataclass(frozen=True)
class Row:
    """A line of the table: what came of a family's architecture on a backend."""

    auto_class: str
    family: str
    architecture: str
    capabilities: str
    backend: str
    result: str
    reason: str


def families(tasks: Iterable[Task], auto_classes: Iterable[str] = (), names: Iterable[str] = ()) -> list[Family]:
    """What there is to try: each architecture of each Auto class that a task loads; of some classes or families alone.

    Raises:
        UsageError: one of them is unknown.
    """
    table, wanted, named = model_types(), set(auto_classes), set(names)
    capabilities: dict[str, list[str]] = {}
    for task in tasks:
        if task.auto_class in table:
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
    forkserver = Forkserver({"AutoConfig", "AutoTokenizer", "suite.worker.main:"}, 1, bounds.log)
    pool = ThreadPoolExecutor(bounds.jobs, thread_name_prefix="family")
    try:
        futures = {pool.submit(_lines, family, tasks, forkserver, bounds): family for family in chosen}
        for future in as_completed(futures):
            family = futures[future]
            keep([_row(family, line) for line in future.result()])
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _row(family: Family, line: Line) -> Row:
    return Row(
        family.auto_class, family.model_type, family.architecture, " ".join(family.capabilities), line.backend,
        str(line.result), line.reason,
    )  # fmt: skip


def _lines(family: Family, tasks: Mapping[str, Task], forkserver: Forkserver, bounds: Bounds) -> list[Line]:
    """A line for each backend, whatever the child says or leaves unsaid."""
    misfit = _static_misfit(family, tasks)
    if misfit:
        return [Line(backend, Result.UNSUPPORTED, misfit) for backend in family.backends]
    said = {line.backend: line for line in _child(family, forkserver, bounds)}
    lost = said.get("", Line("", Result.FAILS, "the process ended without a word"))
    return [said.get(backend, Line(backend, lost.result, lost.reason)) for backend in family.backends]


def _static_misfit(family: Family, tasks: Mapping[str, Task]) -> str | None:
    """Why no task wants the architecture, where that follows from its names alone."""
    config = {"architectures": [family.architecture], "model_type": family.model_type}
    declared = declared_by(config, family.architecture)
    # The labels would be the checkpoint's own, so that they are no reason here.
    reasons = [tasks[name].misfit(declared, own_samples=True) for name in family.capabilities]
    return None if None in reasons else reasons[0]


def _child(family: Family, forkserver: Forkserver, bounds: Bounds) -> Iterator[Line]:
    ours, theirs = multiprocessing.Pipe()
    process: Any = forkserver.context.Process(
        target=serve, args=(theirs, family, bounds.log, bounds.seconds), daemon=True
    )
    forkserver.start(process)
    theirs.close()
    try:
        while multiprocessing.connection.wait([ours], PATIENCE * bounds.seconds):
            yield ours.recv()
        yield Line("", Result.FAILS, f"it had not ended after {PATIENCE * bounds.seconds} s")
    except (EOFError, OSError):
        process.join(1)
        code = process.exitcode
        if code in (-signal.SIGKILL, -signal.SIGXCPU):
            yield Line(
                "", Result.FAILS, f"it took more than {bounds.seconds} s of processor time, or the memory there is"
            )
        elif code is not None and code < 0:
            yield Line("", Result.FAILS, f"the process died of {signal.Signals(-code).name}")
    finally:
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
