"""Carries out the checks that time nothing before the run comes to them: some checkpoints side by side, in order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import psutil

from suite.core.cell import Cell
from suite.core.outcome import Outcome
from suite.executors.gate import Closed, Gate
from suite.run.turn import Turn
from suite.run.workers_alive import ROOM_MB

ROOM_SECONDS = 1.0
"""How long until it is looked again whether there is memory for another checkpoint."""

Pair = tuple[str, str]


@dataclass
class _Job:
    """The checks of one checkpoint group. `is_timed`: its workers are asked for afterwards."""

    group: str
    checks: Sequence[tuple[Cell, str]]
    is_timed: bool
    outcomes: dict[Pair, Future[Outcome]]
    turn: Turn | None = None
    done: threading.Event = field(default_factory=threading.Event)


class Ahead:
    """Does so many groups at a time, each in a thread of its own, and begins at once.

    `groups` are the checks of each checkpoint group, in the order of the run; `timed` are the groups of which latency
    is measured when their turn comes: their workers are kept until then, and so of them no more than one beyond those
    at work are begun.
    """

    def __init__(
        self,
        groups: Mapping[str, Sequence[tuple[Cell, str]]],
        timed: Collection[str],
        *,
        side_by_side: int,
        new_turn: Callable[[], Turn],
        check: Callable[[Turn, Cell, str], Outcome],
        gate: Gate,
    ) -> None:
        self._new_turn, self._check, self._gate = new_turn, check, gate
        self._jobs = {
            group: _Job(group, checks, group in timed, {(cell.id, check): Future() for cell, check in checks})
            for group, checks in groups.items()
        }
        self._waiting = [job for job in self._jobs.values() if job.checks]
        self._most_kept = side_by_side + 1
        self._state = threading.Condition()
        self._group = ""
        self._closed = False
        self._threads = ThreadPoolExecutor(side_by_side, thread_name_prefix="ahead")
        self._running = [self._threads.submit(self._work) for _ in range(side_by_side)]

    def turn_to(self, group: str) -> None:
        """Say which group the run has come to: its checks are begun now at the latest."""
        with self._state:
            self._group = group
            self._waiting.sort(key=lambda job: job.group != group)
            self._state.notify_all()

    def outcome(self, cell: Cell, check: str) -> Outcome | None:
        """The outcome of a check, waited for; None for one that is not done ahead.

        Raises:
            Unwritable: the disk takes no more.
        """
        job = self._jobs.get(cell.group)
        future = job.outcomes.get((cell.id, check)) if job else None
        try:
            return future.result() if future else None
        except CancelledError:
            return None

    def take(self, group: str) -> Turn | None:
        """A group's workers and answers, once its checks are done, for the caller to close; None where none are."""
        job = self._jobs.get(group)
        if job is None or not job.checks:
            return None
        job.done.wait()
        with self._state:
            turn, job.turn = job.turn, None
            self._state.notify_all()
        return turn

    def close(self) -> None:
        """End what is at work, without a record of it."""
        with self._state:
            self._closed = True
            self._state.notify_all()
        self._gate.close()
        self._threads.shutdown(wait=True, cancel_futures=True)
        for job in self._jobs.values():
            if job.turn is not None:
                job.turn.close()

    def _work(self) -> None:
        while (job := self._next()) is not None:
            try:
                self._carry_out(job)
            finally:
                for future in job.outcomes.values():
                    future.cancel()
                job.done.set()

    def _next(self) -> _Job | None:
        with self._state:
            while not self._closed and self._waiting and not self._may_begin(self._waiting[0]):
                self._state.wait(ROOM_SECONDS)
            if self._closed or not self._waiting:
                return None
            job = self._waiting.pop(0)
            job.turn = self._new_turn()
            return job

    def _may_begin(self, job: _Job) -> bool:
        if job.group == self._group:
            return True
        kept = sum(other.turn is not None for other in self._jobs.values())
        workers = len({cell.id for cell, _ in job.checks})
        return kept < self._most_kept and psutil.virtual_memory().available / 1e6 > ROOM_MB * workers

    def _carry_out(self, job: _Job) -> None:
        turn = job.turn
        assert turn is not None
        for cell, check in job.checks:
            outcome = job.outcomes[cell.id, check]
            try:
                with self._gate.work():
                    result = self._check(turn, cell, check)
            except Closed:
                return
            except BaseException as error:
                outcome.set_exception(error)
            else:
                outcome.set_result(result)
        if not job.is_timed:
            turn.close()
            with self._state:
                job.turn = None
                self._state.notify_all()
