"""`python -m suite overhead`: what the harness itself costs, measured rather than asserted.

Every figure is paired where it compares two things: both are measured in turns, and the ratio is that of a turn.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import psutil

from suite.core.files import project_root
from suite.core.ownership import TemporaryFolder
from suite.core.settings import Settings
from suite.executors.base import Executor
from suite.plugin.options import physical_cores
from suite.records.run_folder import RunFolder
from suite.run.interleaving import measure_group
from suite.run.plan import Planned, plan
from suite.run.runner import CheckRunner
from suite.task import discovery

HEAVY = ("torch", "transformers", "onnxruntime")
SYNTHETIC_CELLS = 5000


@dataclass(frozen=True)
class Figure:
    """One line of the table: the median, its quartiles, the unit and what it should not exceed."""

    name: str
    median: float
    low: float
    high: float
    unit: str
    limit: float

    @property
    def holds(self) -> bool:
        """Whether the median is within the limit."""
        return self.median <= self.limit


def figure(name: str, values: list[float], unit: str, limit: float) -> Figure:
    """The median of repeated measurements, with quartiles."""
    low, median, high = np.percentile(values, [25, 50, 75])
    return Figure(name, float(median), float(low), float(high), unit, limit)


def measure_overhead(quick: bool = False, into: Path | None = None) -> int:
    """Measure everything, print a table and return 1 if a limit is exceeded."""
    repeats = 3 if quick else 7
    figures = []
    for measured in _figures(repeats):
        figures.append(measured)
        mark = "ok  " if measured.holds else "OVER"
        print(
            f"{mark} {measured.name:<58} {measured.median:10.4g} {measured.unit:<3} "
            f"[{measured.low:.4g}, {measured.high:.4g}]  limit {measured.limit:g}",
            flush=True,
        )
    if into is not None:
        into.write_text(json.dumps([asdict(measured) for measured in figures], indent=2) + "\n", encoding="utf-8")
    return 0 if all(measured.holds for measured in figures) else 1


def _figures(repeats: int) -> Iterator[Figure]:
    yield figure("python -m suite --help", _timed_runs(["-m", "suite", "--help"], repeats), "s", 0.3)
    yield figure(f"collecting {SYNTHETIC_CELLS} synthetic cells", _collection(repeats), "s", 2.0)
    yield figure("lint-course, 1,000 examples", _static_check(repeats), "s", 10.0)
    yield figure("heavy libraries imported by pytest --co", [float(len(_imported_by_collection()))], "", 0)
    with _runner() as (runner, planned):
        workers = runner.turn.workers
        noop = workers.executor(_entry(planned, "noop"))
        eager = workers.executor(_entry(planned, "eager"))
        yield figure("noop cell, per sample", _noop(noop, repeats), "us", 2.0)
        yield figure("round trip to a worker", _round_trips(noop, repeats), "ms", 0.5)
        yield figure("parent's share of a core during a round", _parent_share(eager, repeats), "%", 1.0)
        yield figure("cell against a bare loop, interleaved: difference", _against_bare(eager, repeats), "%", 3.0)
        others = {name: workers.executor(_entry(planned, name)) for name in ("onnx", "int8")}
        yield from _alone_and_interleaved(eager, others, repeats)


def _entry(planned: list[Planned], backend: str) -> Planned:
    return next(entry for entry in planned if entry.cell.backend == backend and entry.task.generation is None)


@contextmanager
def _runner() -> Iterator[tuple[CheckRunner, list[Planned]]]:
    with TemporaryFolder() as scratch:
        settings = Settings(
            capabilities=(), backends=(), models=(), weights="miniature", samples=None, device="cpu",
            threads=physical_cores(), batch_size=1, budget=1.0, cell_timeout=300.0, results=scratch, resume=None,
            strict=False, isolate=True, tasks=discovery.tasks_root(),
        )  # fmt: skip
        planned = plan(settings, discovery.load_tasks(settings.tasks))
        runner = CheckRunner(settings, planned, RunFolder.create(scratch, "overhead"))
        try:
            yield runner, planned
        finally:
            runner.close()


def _timed_runs(arguments: list[str], repeats: int, directory: Path | None = None) -> list[float]:
    durations = []
    for _ in range(repeats):
        started = time.perf_counter()
        subprocess.run(
            [sys.executable, *arguments],
            check=True,
            cwd=directory or _root(),
            stdout=subprocess.DEVNULL,
            env=_environment(),
        )
        durations.append(time.perf_counter() - started)
    return durations


def _root() -> Path:
    return project_root()


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(_root())}


_TASK = '''
from suite.task import Checkpoint
from suite.task.text import TextTask


class Task{number}(TextTask):
    """A task that exists to be collected."""

    name = "synthetic-{number}"
    auto_class = "AutoModel"
    metric = "nothing"
    checkpoints = [Checkpoint(f"no/model-{{i}}", "0" * 40, "BertModel", miniature="no") for i in range({checkpoints})]

    def samples(self): return []
    def decode(self, outputs, batch, processor, config): return []
    def numbers(self, outputs, batch): return []
    def accuracy(self, answers, truths): return 0.0
'''


def _collection(repeats: int) -> list[float]:
    """pytest --co of a tasks folder with enough checkpoints: the whole command, interpreter and all."""
    with TemporaryFolder() as scratch:
        root = scratch
        synthetic = root / "tasks"
        (synthetic / "text").mkdir(parents=True)
        tasks, backends = 25, 8
        checkpoints = SYNTHETIC_CELLS // (tasks * backends)
        for number in range(tasks):
            text = _TASK.format(number=number, checkpoints=checkpoints)
            (synthetic / "text" / f"synthetic_{number}.py").write_text(text)
        (synthetic / "test_latency.py").write_text((discovery.tasks_root() / "test_latency.py").read_text())
        command = [
            *("-m", "pytest", "-p", "suite.plugin", "-p", "no:cacheprovider", "--co", "-q"),
            *("--tasks", str(synthetic), "--rootdir", str(root), "-c", os.devnull),
            *("--import-mode=importlib", str(synthetic)),
        ]
        return _timed_runs(command, repeats, root)


def _static_check(repeats: int) -> list[float]:
    """The own course's pages, again and again until there are enough examples: the whole command."""
    from suite.course.documents.reader import find_documents, read_document

    pages = find_documents([discovery.tasks_root() / "examples"])
    pages = [page for page in pages if page.parent.name != "classic"]
    copies = -(-1000 // sum(len(read_document(page).examples) for page in pages))
    with TemporaryFolder() as scratch:
        for copy in range(copies):
            (scratch / str(copy)).mkdir()
            for page in pages:
                shutil.copyfile(page, scratch / str(copy) / page.name)
        return _timed_runs(["-m", "suite", "lint-course", str(scratch)], repeats)


def _imported_by_collection() -> list[str]:
    """Which heavy libraries `pytest --co` has imported at its end."""
    code = (
        "import sys, pytest; pytest.main(['--co', '-q', '-p', 'no:cacheprovider']); "
        f"print('HEAVY', *[name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, cwd=_root(), capture_output=True, text=True, env=_environment()
    )
    return done.stdout.rsplit("HEAVY", 1)[1].split()


def _noop(bench: Executor, repeats: int) -> list[float]:
    return [float(np.median(bench.ask("round", 60, seconds=0.1).seconds)) * 1e6 for _ in range(repeats)]


def _round_trips(bench: Executor, repeats: int) -> list[float]:
    return [_median_of(lambda: bench.ask("ping", 60), 200) * 1e3 for _ in range(repeats)]


def _alone_and_interleaved(bench: Executor, others: Mapping[str, Executor], repeats: int) -> Iterator[Figure]:
    """How far a cell's percentiles move when others take turns with it, in per cent; both ways in turns."""
    ratios: dict[int, list[float]] = {50: [], 90: []}
    for turn in range(repeats):
        taken = {}
        for benches in ({"eager": bench}, {"eager": bench, **others}):
            timed = measure_group(benches, "eager", budget=1.0, precision=0.0, timeout=60.0, seed=turn)
            taken[len(benches)] = [seconds for done in timed["eager"].rounds for seconds in done.seconds]
        for percentile, found in ratios.items():
            alone, together = (np.percentile(taken[number], percentile) for number in sorted(taken))
            found.append(float(together / alone))
    for (percentile, found), limit in zip(ratios.items(), (5.0, 10.0), strict=True):
        differences = [abs(ratio - 1) * 100 for ratio in found]
        centre = abs(float(np.median(found)) - 1) * 100
        low, high = np.percentile(differences, [25, 75])
        yield Figure(
            f"cell alone against interleaved: p{percentile}, difference", centre, float(low), float(high), "%", limit
        )


def _median_of(call: Callable[[], object], times: int) -> float:
    durations = []
    for _ in range(times):
        started = time.perf_counter()
        call()
        durations.append(time.perf_counter() - started)
    return float(np.median(durations))


def _parent_share(bench: Executor, repeats: int) -> list[float]:
    own = psutil.Process()
    shares = []
    for _ in range(repeats):
        before, started = own.cpu_times(), time.perf_counter()
        bench.ask("round", 60, seconds=2.0)
        wall, after = time.perf_counter() - started, own.cpu_times()
        shares.append(100 * (after.user + after.system - before.user - before.system) / wall)
    return shares


def _against_bare(bench: Executor, repeats: int) -> list[float]:
    """How far a cell's median lies from that of a bare loop around the same call in the same worker, in per cent."""
    bench.ask("warm_up", 60, seconds=1.0)
    ratios = []
    for _ in range(10 * repeats):
        ours = float(np.median(bench.ask("round", 60, seconds=0.1).seconds))
        bare = float(np.median(bench.ask("bare_loop", 60, seconds=0.1)))
        ratios.append(ours / bare)
    centre = float(np.median(ratios))
    return [abs(centre - 1) * 100]
