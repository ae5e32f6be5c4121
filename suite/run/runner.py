"""Carries out the checks of a run, one checkpoint after another; what times nothing is done ahead, side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from suite.checks import REGISTRY
from suite.core.cell import Cell
from suite.core.outcome import Outcome
from suite.core.settings import Settings
from suite.executors.gate import Gate, GatedExecutor
from suite.records.run_folder import LOG, RunFolder
from suite.run.ahead import Ahead
from suite.run.builds import Builds
from suite.run.known_failures import KnownFailure
from suite.run.plan import Planned
from suite.run.recorder import Recorder
from suite.run.turn import Turn
from suite.run.worker_starter import WorkerStarter
from suite.run.workers_alive import WorkersAlive

MOST_SIDE_BY_SIDE = 4
"""So many checkpoints are checked at a time at most: each has a worker for every backend, with some 400 MB."""


class CheckRunner:
    """Brings the parts of a run together. `planned` are all of its cells; `known_failure` says of a check of a cell
    why it is expected to fail; `report` gets a line for each build that had to be made.
    """

    def __init__(
        self,
        settings: Settings,
        planned: Sequence[Planned],
        folder: RunFolder,
        known_failure: Callable[[Cell, str], KnownFailure | None] = lambda cell, check: None,  # noqa: ARG005
        report: Callable[[str], None] = lambda line: None,  # noqa: ARG005
    ) -> None:
        self.settings = settings
        self.planned = {entry.cell.id: entry for entry in planned}
        self.folder = folder
        self.log = folder.path / LOG
        self.recorder = Recorder(folder)
        self._known_failure = known_failure
        self._starter = WorkerStarter(settings, planned, self.log)
        self.gate = Gate()
        """Through which everything goes that computes beside what is timed."""
        self._builds = Builds(self._start, settings.cell_timeout, report)
        self._side_by_side = 1
        self._ahead: Ahead | None = None
        self._group: str | None = None
        self._turn: Turn | None = None

    @property
    def warnings(self) -> list[str]:
        """What the user should know about how the run went."""
        return self._starter.warnings

    def prepare(self, selected: Iterable[tuple[Cell, str]]) -> None:
        """Begin with those of these checks that time nothing, some checkpoints at a time, in this order.

        Only for miniatures: of large models two at a time could take more memory than there is.
        """
        settings = self.settings
        side_by_side = min(settings.threads, MOST_SIDE_BY_SIDE)
        if settings.weights != "miniature" or settings.models or not settings.isolate or side_by_side < 2:
            return
        groups: dict[str, list[tuple[Cell, str]]] = {}
        timed: set[str] = set()
        for cell, check in selected:
            checks = groups.setdefault(cell.group, [])
            if REGISTRY[check].interleaved:
                timed.add(cell.group)
            elif self.recorder.earlier(cell, check) is None:
                checks.append((cell, check))
        self._starter.warm()
        self._side_by_side = side_by_side
        self._ahead = Ahead(
            groups,
            timed,
            side_by_side=side_by_side,
            new_turn=self._new_turn,
            check=self._check_ahead,
            gate=self.gate,
        )

    def check(self, cell: Cell, check: str, together: Iterable[Cell] = ()) -> Outcome:
        """Carry out one check of one cell, record it and return it; a check that a resumed run holds is not repeated.

        `together` are the cells for which the same check is selected: an interleaved one measures them in turns.

        Raises:
            Unwritable: the disk takes no more.
        """
        self.turn_to(cell.group)
        done = self._ahead.outcome(cell, check) if self._ahead else None
        done = done or self.recorder.earlier(cell, check)
        if done:
            return done
        others = [other for other in together if not self.recorder.earlier(other, check)]
        turn = self.turn  # waited for outside the gate: what is done ahead may want the machine to itself
        with self.gate.work():
            return turn.check(cell, check, others, self._known_failure(cell, check))

    def turn_to(self, group: str) -> None:
        """Turn to a checkpoint group: let go of everything that belongs to the one before."""
        if group == self._group:
            return
        self.let_go()
        self._group = group
        if self._ahead:
            self._ahead.turn_to(group)

    def let_go(self) -> None:
        """End the turn: what comes next is opened and measured anew, also of the same checkpoint."""
        self._end_turn()
        self._group = None

    @property
    def turn(self) -> Turn:
        """The turn of the checkpoint group that the run has come to; what is done ahead for it is done."""
        if self._turn is None:
            ahead = self._ahead.take(self._group) if self._ahead and self._group else None
            self._turn = ahead or self._new_turn()
        return self._turn

    def close(self) -> None:
        """End everything that was started."""
        if self._ahead:
            self._ahead.close()
            self._ahead = None
        self.let_go()
        self._starter.close()

    def _end_turn(self) -> None:
        if self._ahead and self._group and self._turn is None:
            self._turn = self._ahead.take(self._group)
        if self._turn is not None:
            self._turn.close()
            self._turn = None

    def _start(self, entry: Planned) -> GatedExecutor:
        return GatedExecutor(self._starter.start(entry), self.gate)

    def _new_turn(self) -> Turn:
        settings = self.settings
        workers = WorkersAlive(
            self._start,
            self._builds,
            self.gate,
            threads=settings.threads,
            side_by_side=self._side_by_side,
            timeout=settings.cell_timeout,
        )
        return Turn(settings, self.planned, workers, self.recorder, self.log)

    def _check_ahead(self, turn: Turn, cell: Cell, check: str) -> Outcome:
        return turn.check(cell, check, known_failure=self._known_failure(cell, check))
