"""A checkpoint group's turn: its workers, its rounds and its answers, and one check of one of its cells."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from suite.backends import REFERENCE
from suite.backends.base import Tolerance
from suite.checks import REGISTRY
from suite.core.cell import Cell, Status
from suite.core.errors import LONGEST_SENTENCE, TouchstoneError, Unwritable
from suite.core.outcome import Outcome, RequestFailed
from suite.core.printable import shortened
from suite.core.rounds import Rounds
from suite.core.settings import Settings
from suite.records import tuned
from suite.run.interleaving import InterleavedLatency
from suite.run.known_failures import KnownFailure, as_known
from suite.run.plan import Planned
from suite.run.recorder import Recorder
from suite.run.workers_alive import WorkersAlive
from suite.task import Task
from suite.task.answer_sheet import AnswerSheet
from suite.task.sample_answer import SampleAnswer
from suite.worker.build_cache import BuildCache
from suite.worker.failures import failure


class Turn:
    """One thread at a time may use it. `planned` are the cells of the run by id, those of other groups too."""

    def __init__(
        self,
        settings: Settings,
        planned: Mapping[str, Planned],
        workers: WorkersAlive,
        recorder: Recorder,
        log: Path,
    ) -> None:
        self.settings, self.planned, self.workers, self.recorder, self.log = settings, planned, workers, recorder, log
        self.latency = InterleavedLatency(settings, planned, workers, recorder.write_rounds, recorder.has_rounds)
        self.answers: dict[tuple[str, str], Any] = {}

    def check(
        self, cell: Cell, check: str, together: Sequence[Cell] = (), known_failure: KnownFailure | None = None
    ) -> Outcome:
        """Carry out one check of one cell, record it and return it.

        `together` are the cells for which the same check is still to be done: an interleaved one measures them in
        turns. `known_failure` says why this check is expected to fail.

        Raises:
            Unwritable: the disk takes no more.
        """
        started = time.perf_counter()
        raised: BaseException | None = None
        entry = self.planned[cell.id]
        access = PlannedCell(self, entry, together)
        if entry.reason:
            outcome = Outcome(Status.UNSUPPORTED, entry.reason)
        else:
            outcome, raised = self._carry_out(check, access)
        wall = time.perf_counter() - started if access.shared_wall_s is None else access.shared_wall_s
        if known_failure:
            outcome = as_known(outcome, known_failure)
        outcome = replace(outcome, reason=shortened(outcome.reason, LONGEST_SENTENCE))  # it may quote a checkpoint
        outcome = self.recorder.write(cell, check, outcome, {**self._costs(cell), "wall_s": wall})
        if raised is not None and not self.settings.isolate:
            raise raised  # for the debugger; the row is written
        return outcome

    def close(self) -> None:
        """Let go of everything that belongs to the checkpoint."""
        self.workers.close()
        self.latency.forget()
        self.answers.clear()

    def _carry_out(self, check: str, access: PlannedCell) -> tuple[Outcome, BaseException | None]:
        """The outcome, whatever is raised, and what nobody foresaw: scoring is code of tasks and libraries.

        Raises:
            Unwritable: the disk takes no more.
        """
        try:
            return REGISTRY[check].carry_out(access), None
        except Unwritable:
            raise
        except RequestFailed as failed:
            if failed.status is not Status.FAILED:  # a failed one has answered, and can answer again
                self.workers.drop(access.cell)
            return Outcome(failed.status, failed.reason), None
        except (Exception, SystemExit) as error:
            with self.log.open("a", encoding="utf-8", errors="replace") as log:
                reply = failure(error, log)
            return Outcome(Status(reply.kind), reply.value), None if isinstance(error, TouchstoneError) else error

    def _costs(self, cell: Cell) -> dict[str, Any]:
        """What opening a cell took, as columns of its row."""
        worker = self.workers.find(cell)
        if worker is None:
            return {}
        opened = worker.opened
        costs = {
            "load_s": opened.load_s,
            "prepare_s": opened.prepare_s,
            "size_mb": opened.size_mb,
            "notes": opened.notes,
        }
        return costs if worker.built is None else {**costs, "build_s": worker.built.build_s}


class PlannedCell:
    """What a check sees of a cell (`suite.checks.base.CellAccess`)."""

    def __init__(self, turn: Turn, entry: Planned, together: Sequence[Cell] = ()) -> None:
        self._turn, self._entry, self._together = turn, entry, together
        self.shared_wall_s: float | None = None
        """The cell's share of the wall time of what was measured together with others."""

    @property
    def cell(self) -> Cell:
        """Which cell it is."""
        return self._entry.cell

    @property
    def task(self) -> Task:
        """The capability."""
        return self._entry.task

    @property
    def tolerance(self) -> Tolerance:
        """What the backend declares."""
        return self._entry.backend.tolerance

    @property
    def reference(self) -> PlannedCell | None:
        """The reference cell of the same checkpoint; None for the reference itself."""
        if self.cell.backend == REFERENCE:
            return None
        return PlannedCell(self._turn, self._turn.planned[f"{self.cell.group}/{REFERENCE}"])

    @property
    def seed(self) -> int:
        """The run's seed."""
        return self._turn.settings.seed

    @property
    def strict(self) -> bool:
        """Whether `--strict` was given."""
        return self._turn.settings.strict

    def ask(self, request: str, *, timed: bool = False, **arguments: Any) -> Any:
        """The worker's answer. While it answers a `timed` request nothing else is at work."""
        return self._turn.workers.ask(self._entry, request, timed=timed, **arguments)

    def once(self, request: str, make: Callable[[], Any]) -> Any:
        """What `make` gives, kept until the run turns to another checkpoint."""
        key = (self.cell.id, request)
        if key not in self._turn.answers:
            self._turn.answers[key] = make()
        return self._turn.answers[key]

    def rounds(self) -> Rounds:
        """The cell's rounds of timed calls, measured interleaved with the other backends of its checkpoint."""
        rounds = self._turn.latency.rounds(self.cell, self._together)
        self.shared_wall_s = rounds.spent
        return rounds

    def record_sample_answers(self, answers: Sequence[SampleAnswer]) -> None:
        """Write down a few answers to be looked at."""
        self._turn.recorder.folder.append_sample_answers(self.cell, answers)

    def record_curve(self, losses: Sequence[float]) -> None:
        """Write down the loss at each step of a training."""
        self._turn.recorder.folder.append_curve(self.cell, losses)

    def keep_tuned(self, card: str) -> None:
        """Keep the tuned checkpoint of a user's own beside the run's record, with its card."""
        worker = self._turn.workers.find(self.cell)
        if worker is not None and worker.built is not None and self._turn.settings.models:
            tuned.keep(self._turn.recorder.folder.path, self.cell.id, BuildCache().content(worker.built.name), card)

    def record_answer_sheet(self, sheet: AnswerSheet, pictures: Sequence[bytes | None]) -> None:
        """Write down the answers to all samples, and pictures of the first ones."""
        self._turn.recorder.folder.append_answers(self.cell, sheet, pictures)
