"""The latency of one checkpoint's backends, measured together: round by round, interleaved, in shuffled order.

Drift of the machine then hits all of them alike, and the ratio between two of them within a cycle is free of it.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from suite.backends import REFERENCE
from suite.core.cell import Cell
from suite.core.outcome import RequestFailed
from suite.core.rounds import Round, Rounds
from suite.core.settings import Settings
from suite.executors.base import Executor
from suite.executors.quiet import wait_until_quiet
from suite.measure.latency import summarize
from suite.run.plan import Planned
from suite.run.workers_alive import WorkersAlive

CYCLES = 10
FEWEST_CYCLES = 6
WARM_UP_SHARE = 1.0
PATIENCE = 3.0
"""A cell whose calls are long or noisy may take this many times its budget."""


class InterleavedLatency:
    """The rounds of a checkpoint group's cells, measured at the first that is asked for.

    `record` writes the rounds of a cell as soon as its group is measured; `has_rounds` says of which cells there are
    some from before. A reference that has takes its turns all the same, as company for what is measured now: what is
    compared with it is its pace at the time.
    """

    def __init__(
        self,
        settings: Settings,
        planned: Mapping[str, Planned],
        workers: WorkersAlive,
        record: Callable[[Cell, Rounds], None],
        has_rounds: Callable[[Cell], bool],
    ) -> None:
        self._settings, self._planned = settings, planned
        self._workers, self._record, self._has_rounds = workers, record, has_rounds
        self._rounds: dict[str, Rounds] = {}

    def rounds(self, cell: Cell, together: Iterable[Cell]) -> Rounds:
        """The rounds of a cell; those of `together` that belong to its checkpoint are measured in turns with it."""
        if cell.id not in self._rounds:
            group = {other.id: other for other in (cell, *together) if other.group == cell.group}
            entries = [self._planned[name] for name in group]
            self._measure([entry for entry in entries if entry.reason is None and entry.cell.id not in self._rounds])
        return self._rounds[cell.id]

    def forget(self) -> None:
        """Let go of the rounds of a checkpoint whose turn is over."""
        self._rounds.clear()

    def _measure(self, entries: Sequence[Planned]) -> None:
        """Measure these cells in as few groups as memory allows; the reference is in every group."""
        company = self._company(entries)
        group = dict(company)
        for entry in entries:
            name = entry.cell.id
            if len(group) > 1 and self._workers.find(entry.cell) is None and not self._workers.has_room():
                self._measure_group(group, company)
                for crowded in [other for other in group if self._planned[other].cell.backend != REFERENCE]:
                    self._workers.drop(self._planned[crowded].cell)
                    del group[crowded]
            try:
                group[name] = self._workers.executor(entry)
            except RequestFailed as failure:
                self._rounds[name] = Rounds(failure=failure)
        self._measure_group(group, company)

    def _company(self, entries: Sequence[Planned]) -> dict[str, Executor]:
        """The reference of these cells, by name, if its own rounds are recorded and not wanted now."""
        names = {f"{entry.cell.group}/{REFERENCE}" for entry in entries} - {entry.cell.id for entry in entries}
        references = [self._planned[name] for name in names if self._has_rounds(self._planned[name].cell)]
        with suppress(RequestFailed):  # without it they are measured all the same
            return {entry.cell.id: self._workers.executor(entry) for entry in references}
        return {}

    def _measure_group(self, group: Mapping[str, Executor], company: Collection[str]) -> None:
        pending = [name for name in group if name not in self._rounds and name not in company]
        if not pending:
            return
        settings = self._settings
        reference = f"{self._planned[pending[0]].cell.group}/{REFERENCE}"
        with self._workers.timing([self._planned[name] for name in group]):
            results = measure_group(
                group,
                reference,
                budget=settings.budget,
                precision=settings.precision,
                timeout=settings.cell_timeout,
                seed=settings.seed,
            )
        for name in pending:
            cell = self._planned[name].cell
            self._rounds[name] = results[name]
            self._record(cell, results[name])
        for name in group:
            if results[name].failure:
                self._workers.drop(self._planned[name].cell)


def measure_group(
    executors: Mapping[str, Executor], reference: str, *, budget: float, precision: float, timeout: float, seed: int
) -> dict[str, Rounds]:
    """Measure every cell, interleaved, until its median is uncertain by no more than the share `precision`, for about
    `budget` seconds at most; twice that where it is noisy.

    The reference, which the others are compared with, is measured as long as any of them is. One whose worker fails
    costs its own cell alone.
    """
    results = {name: Rounds() for name in executors}
    for name, executor in executors.items():
        _step(results[name], executor, executors, ("warm_up", budget * WARM_UP_SHARE), timeout)
    shuffler = random.Random(seed)
    for cycle in range(2 * CYCLES):
        unknown = {
            name
            for name, result in results.items()
            if not result.failure and _is_to_go_on(result, cycle, budget, precision)
        }
        if not unknown:
            break
        order = [
            name for name in executors if name in unknown or (name == reference and _has_time(results[name], budget))
        ]
        if cycle:
            shuffler.shuffle(order)
        for position, name in enumerate(order):
            result = results[name]
            done = _step(result, executors[name], executors, ("round", budget / CYCLES), timeout)
            if isinstance(done, Round):
                result.rounds.append(done)
                result.places.append((cycle, position))
    _note_the_reference(results, reference)
    return results


def _note_the_reference(results: Mapping[str, Rounds], reference: str) -> None:
    if reference in results:
        timed = results[reference]
        cycles = [cycle for cycle, _ in timed.places]
        paces = {cycle: float(np.median(done.seconds)) for cycle, done in zip(cycles, timed.rounds, strict=True)}
        for name, result in results.items():
            if name != reference:
                result.reference = [paces.get(cycle) for cycle, _ in result.places]


def _is_to_go_on(result: Rounds, cycle: int, budget: float, precision: float) -> bool:
    """Whether a cell needs another round: of a second half, which begins with this `cycle`, only where it is noisy."""
    if len(result.rounds) < FEWEST_CYCLES:
        return True
    if cycle >= CYCLES or _measured(result) > budget:
        return _is_noisy(result) and _has_time(result, budget)
    return not precision or summarize([done.seconds for done in result.rounds], []).uncertainty > precision


def _has_time(result: Rounds, budget: float) -> bool:
    return not result.failure and _measured(result) <= PATIENCE * budget


def _measured(result: Rounds) -> float:
    return sum(sum(done.seconds) for done in result.rounds)


def _is_noisy(result: Rounds) -> bool:
    return bool(result.rounds) and summarize([done.seconds for done in result.rounds], []).problem is not None


def _step(
    result: Rounds, executor: Executor, group: Mapping[str, Executor], request: tuple[str, float], timeout: float
) -> Any:
    """Ask one cell while the others are quiet; the request is its name and the seconds that it may measure."""
    started = time.perf_counter()
    name, seconds = request
    try:
        wait_until_quiet(other for other in group.values() if other is not executor)
        return executor.ask(name, timeout, seconds=seconds)
    except RequestFailed as failure:
        result.failure = failure
        return None
    finally:
        result.spent += time.perf_counter() - started
