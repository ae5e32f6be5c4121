"""One run at work: asks the workers what a check needs, judges what they say, and writes it down at once."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from suite.backends import REFERENCE, references
from suite.checks import accuracy
from suite.checks.accuracy import Answers
from suite.checks.fidelity import Distance
from suite.checks.latency import durations_by_cell, judge_latency, round_rows
from suite.core.cell import CHECKS, COULD_NOT_MEASURE, Cell, Status
from suite.core.outcome import Outcome, RequestFailed
from suite.core.rounds import Rounds
from suite.core.settings import Settings
from suite.executors.base import Executor
from suite.executors.in_process import InProcessExecutor
from suite.executors.subprocess_executor import SubprocessExecutor
from suite.processes.forkserver import Forkserver
from suite.records.run_folder import RunFolder
from suite.run import prebuild
from suite.run.interleaving import measure_block
from suite.run.known_failures import KnownFailure, as_known
from suite.run.plan import Planned, preloads
from suite.run.prefetch import Prefetcher
from suite.task import discovery
from suite.worker.messages import Built, Opened, Spec

ROOM_MB = 700.0
"""Memory that must stay free for another worker to be started beside those that live."""


@dataclass
class _Alive:
    bench: Executor
    opened: Opened
    built: Built | None
    threads: int


class CheckRunner:
    """Carries out the checks of a run. `planned` are all of its cells, by id."""

    def __init__(self, settings: Settings, planned: Sequence[Planned], folder: RunFolder) -> None:
        self.settings = settings
        self.planned = {entry.cell.id: entry for entry in planned}
        self.folder = folder
        self.log = folder.path / "log.txt"
        self.warnings: list[str] = []
        self._done = {(row["cell"], row["check"]): row for row in folder.rows()}
        self._recorded_rounds = durations_by_cell(folder.rounds()) if self._done else {}
        self._forkserver: Forkserver | None = None
        self._scratch = tempfile.TemporaryDirectory(prefix="touchstone-")
        self._builds: dict[str, Built | RequestFailed] = {}
        self._builders: set[Executor] = set()
        self._block: str | None = None
        self._alive: dict[str, _Alive] = {}
        self._stopped: dict[str, RequestFailed] = {}
        self._answers: dict[str, tuple[Answers, accuracy.Score]] = {}
        self._references: dict[str, Path] = {}
        self._latencies: dict[str, Rounds] = {}
        self._ahead = Prefetcher(self._open, lambda alive: alive.bench.close())

    def expect(self, cells: Iterable[Cell]) -> None:
        """Say which cells will be asked for: what is slow to open is opened while others of its checkpoint work."""
        # Of large models two at a time could take more memory than there is.
        if self.settings.weights == "miniature" and not self.settings.models and self.settings.isolate:
            blocks: dict[str, list[Planned]] = {}
            for cell in dict.fromkeys(cells):
                entry, of_block = self.planned[cell.id], blocks.setdefault(cell.block, [])
                if entry.reason is None and entry.backend.opens_slowly and not self._is_done(cell):
                    of_block.append(entry)
            self._ahead.expect(blocks)

    def _is_done(self, cell: Cell) -> bool:
        return all((cell.id, check) in self._done for check in CHECKS)

    def check(
        self, cell: Cell, check: str, together: Iterable[Cell] = (), known_failure: KnownFailure | None = None
    ) -> Outcome:
        """Carry out one check of one cell, record it and return it; a check that a resumed run holds is not repeated.

        `together` are the cells whose latency is selected in this run: the whole block is measured at its first.
        `known_failure` says why this check is expected to fail.
        """
        self.enter(cell.block)
        recorded = self._done.get((cell.id, check))
        if recorded and Status(recorded["status"]) not in COULD_NOT_MEASURE:
            return Outcome(
                Status(recorded["status"]), recorded["reason"], recorded, self._recorded_rounds.get(cell.id, [])
            )
        started = time.perf_counter()
        entry = self.planned[cell.id]
        if entry.reason:
            outcome = Outcome(Status.UNSUPPORTED, entry.reason)
        else:
            try:
                outcome = self._run(entry, check, together)
            except RequestFailed as stopped:
                outcome = Outcome(stopped.status, stopped.reason)
                self.drop(cell)
        wall = time.perf_counter() - started
        if check == "latency" and cell.id in self._latencies:
            wall = self._latencies[cell.id].spent
        if known_failure:
            outcome = as_known(outcome, known_failure)
        self._record(cell, check, outcome, wall)
        return outcome

    def _run(self, entry: Planned, check: str, together: Iterable[Cell]) -> Outcome:
        judges: Mapping[str, Callable[[Planned], Outcome]] = {
            "conformance": self._conformance,
            "fidelity": self._fidelity,
            "accuracy": self._accuracy,
        }
        if check == "latency":
            return self._latency(entry, together)
        return judges[check](entry)

    def _record(self, cell: Cell, check: str, outcome: Outcome, wall: float) -> None:
        fields = dict(outcome.fields)
        alive = self._alive.get(cell.id)
        if alive:
            fields |= {
                "load_s": alive.opened.load_s,
                "prepare_s": alive.opened.prepare_s,
                "size_mb": alive.opened.size_mb,
                "notes": alive.opened.notes,
            }
            if alive.built:
                fields["build_s"] = alive.built.build_s
        row = self.folder.append(cell, check, outcome.status, outcome.reason, {**fields, "wall_s": wall})
        self._done[cell.id, check] = row

    # The checks.

    def _conformance(self, entry: Planned) -> Outcome:
        findings: list[str] = self._ask(entry, "conformance")
        if findings:
            return Outcome(Status.FAILED, "; ".join(findings))
        return Outcome(Status.PASSED)

    def _fidelity(self, entry: Planned) -> Outcome:
        path = self._reference(entry)
        result: Distance = self._ask(entry, "fidelity", path=path)
        fields = {
            "max_abs_diff": result.max_abs,
            "relative_diff": result.relative,
            "agreement": result.agreement,
        }
        allowed = entry.backend.tolerance.fidelity
        if result.relative > allowed:
            reason = (
                f"its outputs stray by {result.relative:.2g} of the reference's largest, more than the {allowed:.2g} "
                f"that {entry.backend.name} declares (largest difference {result.max_abs:.3g})"
            )
            return Outcome(Status.FAILED, reason, fields)
        if result.flipped:
            reason = f"{result.flipped} decisions differ from the reference's where it was not nearly tied"
            return Outcome(Status.FAILED, reason, fields)
        return Outcome(Status.PASSED, "", fields)

    def _accuracy(self, entry: Planned) -> Outcome:
        answers, result = self._scored(entry)
        self.folder.append_sample_answers(entry.cell, answers.sample_answers)
        fields: dict[str, Any] = {
            "accuracy": result.accuracy,
            "accuracy_stderr": result.stderr,
            "chance": result.chance,
            "samples": result.samples,
            "metrics": result.metrics,
        }
        problem = accuracy.above_chance(result)
        if entry.cell.backend == REFERENCE:
            fields |= {"reference_accuracy": result.accuracy, "accuracy_kept": 1.0}
        else:
            try:
                theirs, reference = self._scored(self._reference_of(entry))
            except RequestFailed as stopped:
                raise RequestFailed(Status.ERROR, f"the reference could not be scored: {stopped.reason}") from None
            fields |= {
                "reference_accuracy": reference.accuracy,
                "accuracy_kept": accuracy.kept(result, reference),
            }
            lost = accuracy.keeps_accuracy(result, reference, answers.answers, theirs.answers, self.settings.strict)
            problem = problem or lost
        return Outcome(Status.FAILED if problem else Status.PASSED, problem or "", fields)

    def _latency(self, entry: Planned, together: Iterable[Cell]) -> Outcome:
        cell = entry.cell
        if cell.id not in self._latencies:
            block = {other.id: other for other in (cell, *together) if other.block == cell.block}
            missing = [
                self.planned[name]
                for name in block
                if self.planned[name].reason is None and not self._measured(name) and name not in self._latencies
            ]
            self._measure(missing)
        rounds = self._latencies[cell.id]
        if rounds.stopped:
            raise rounds.stopped
        return judge_latency(rounds, cell)

    def _measured(self, name: str) -> bool:
        row = self._done.get((name, "latency"))
        return row is not None and Status(row["status"]) not in COULD_NOT_MEASURE

    def _measure(self, entries: Sequence[Planned]) -> None:
        """Measure these cells interleaved, in as few groups as memory allows; the reference is in every group."""
        group: dict[str, Executor] = {}
        for entry in entries:
            name = entry.cell.id
            if len(group) > 1 and name not in self._alive and not self._room():
                self._measure_group(group)
                for crowded in [other for other in group if self.planned[other].cell.backend != REFERENCE]:
                    self.drop(self.planned[crowded].cell)
                    del group[crowded]
            try:
                group[name] = self.bench(entry)
            except RequestFailed as stopped:
                self._latencies[name] = Rounds(stopped=stopped)
        self._measure_group(group)

    def _measure_group(self, group: Mapping[str, Executor]) -> None:
        pending = {name: bench for name, bench in group.items() if name not in self._latencies}
        if not pending:
            return
        settings = self.settings
        self._ahead.settle()
        for name in group:
            self._share_cores(self.planned[name], timed=True)
        reference = self._reference_of(self.planned[next(iter(group))]).cell.id
        results = measure_block(group, reference, settings.budget, settings.cell_timeout, settings.seed)
        for name in pending:
            self._latencies[name] = results[name]
            self.folder.append_rounds(self.planned[name].cell, round_rows(results[name], self.planned[name].cell))
            if results[name].stopped:
                self.drop(self.planned[name].cell)

    # The reference.

    def _reference_of(self, entry: Planned) -> Planned:
        return self.planned[f"{entry.cell.block}/{REFERENCE}"]

    def _reference(self, entry: Planned) -> Path:
        block = entry.cell.block
        if block not in self._references:
            path = Path(self._scratch.name) / f"{len(self._references)}.npz"
            try:
                self._ask(self._reference_of(entry), "reference", path=path)
            except RequestFailed as stopped:
                raise RequestFailed(Status.ERROR, f"the reference could not run: {stopped.reason}") from None
            self._references[block] = path
        return self._references[block]

    def _scored(self, entry: Planned) -> tuple[Answers, accuracy.Score]:
        name = entry.cell.id
        if name not in self._answers:
            given: Answers = self._ask(entry, "answers", timed=entry.task.probe_is_timed)
            result = accuracy.score(entry.task, given.answers, given.truths, self.settings.seed)
            result.metrics.update(given.extra)
            self._answers[name] = (given, result)
        return self._answers[name]

    # The workers.

    def _ask(self, entry: Planned, method: str, *, timed: bool = False, **arguments: Any) -> Any:
        bench = self.bench(entry)
        try:
            if timed:
                self._ahead.settle()
            self._share_cores(entry, timed=timed)
            return bench.ask(method, self.settings.cell_timeout, **arguments)
        except RequestFailed:
            self.drop(entry.cell)
            raise

    def _share_cores(self, entry: Planned, *, timed: bool = False) -> None:
        """Leave a core to what is opened ahead: threads that wait for each other suffer most where cores are short."""
        alive, backend = self._alive[entry.cell.id], entry.backend
        shares = not timed and self._ahead.busy and backend.family == "torch" and not backend.builds
        threads = max(1, self.settings.threads - 1) if shares else self.settings.threads
        if threads != alive.threads:
            alive.bench.ask("use_threads", self.settings.cell_timeout, count=threads)
            alive.threads = threads

    def bench(self, entry: Planned) -> Executor:
        """The open bench of a cell, started if need be."""
        return self._bench(entry).bench

    def _bench(self, entry: Planned) -> _Alive:
        name = entry.cell.id
        if name in self._stopped:
            raise self._stopped[name]
        if name not in self._alive:
            try:
                self._alive[name] = self._ahead.take(name) or self._open(entry)
            except RequestFailed as stopped:
                self._stopped[name] = stopped
                raise
        return self._alive[name]

    def _open(self, entry: Planned) -> _Alive:
        built = self._build(entry) if entry.backend.builds else None
        bench = self._start(entry)
        try:
            opened: Opened = bench.ask("open", self.settings.cell_timeout, build=built.path if built else None)
        except RequestFailed:
            bench.close()
            raise
        return _Alive(bench, opened, built, self.settings.threads)

    def build_ahead(self, cells: Iterable[Cell], tell: Callable[[str], None]) -> None:
        """Make what these cells load, as many at a time as there are threads to use.

        Only of miniatures: of large models two at a time could take more memory than there is.
        """
        wanted = prebuild.jobs(self.planned[cell.id] for cell in dict.fromkeys(cells))
        if self.settings.weights != "miniature" or self.settings.models or not self.settings.isolate or not wanted:
            return
        self._forkserver = self._forkserver or self._new_forkserver()
        try:
            self._builds = prebuild.build_ahead(wanted, self._build, self.settings.threads, tell)
        except BaseException:
            for builder in list(self._builders):
                builder.close()
            raise

    def _build(self, entry: Planned) -> Built:
        """Exports and compilations happen in a process of their own, so that peak memory means the model."""
        found = self._builds.get(entry.cell.id)
        if isinstance(found, RequestFailed):
            raise found
        if found is not None:
            return found
        builder = self._start(entry)
        self._builders.add(builder)
        try:
            built: Built = builder.ask("build", self.settings.cell_timeout)
            return built
        finally:
            self._builders.discard(builder)
            builder.close()

    def _start(self, entry: Planned) -> Executor:
        spec = Spec(
            cell=entry.cell.id,
            capability=entry.task.name,
            tasks=discovery.folder_of(entry.task),
            source=entry.source,
            backend=references()[entry.backend.name],
            device=entry.cell.device,
            threads=entry.cell.threads,
            batch_size=entry.cell.batch_size,
            seed=self.settings.seed,
            samples=self.settings.samples,
            hub_data=self.settings.weights == "hub",
            shared=Path(self._scratch.name),
            limit=self.settings.limit,
        )
        if not self.settings.isolate:
            return InProcessExecutor(spec)
        self._forkserver = self._forkserver or self._new_forkserver()
        bench = SubprocessExecutor(spec, self._forkserver, self.log)
        if bench.preload_problem and not self.warnings:
            self.warnings.append(f"workers start slowly: {bench.preload_problem}")
        return bench

    def _new_forkserver(self) -> Forkserver:
        names = preloads(self.planned.values())
        return Forkserver(names, self.settings.threads, self.log, tasks=self.settings.task_folders)

    def _room(self) -> bool:
        """Whether another worker fits beside those that live, if it is as large as the largest of them."""
        largest = max((alive.opened.size_mb for alive in self._alive.values()), default=0.0)
        return psutil.virtual_memory().available / 1e6 > ROOM_MB + 2 * largest

    def drop(self, cell: Cell) -> None:
        """End a cell's worker; the next check of the cell gets a new one."""
        alive = self._alive.pop(cell.id, None)
        if alive:
            alive.bench.close()

    def enter(self, block: str) -> None:
        """Turn to a checkpoint: let go of the workers of the one before."""
        if block == self._block:
            return
        for alive in self._alive.values():
            alive.bench.close()
        for store in (self._alive, self._stopped, self._answers, self._latencies):
            store.clear()
        self._block = block
        self._ahead.turn_to(block)

    def close(self) -> None:
        """End everything that was started."""
        self.enter("")
        self._ahead.close()
        self._scratch.cleanup()
