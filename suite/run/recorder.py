"""Writes each check's row the moment it ends, and knows what an earlier session of the same run has measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from suite.checks.latency import durations_by_cell, round_rows
from suite.core.cell import COULD_NOT_MEASURE, Cell, Status
from suite.core.errors import LONGEST_SENTENCE
from suite.core.outcome import Outcome
from suite.core.printable import shortened
from suite.core.rounds import Rounds
from suite.records.run_folder import RunFolder


class Recorder:
    """The record of a run in its folder."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self._rows = {(row["cell"], row["check"]): row for row in folder.rows()}
        self._durations = durations_by_cell(folder.rounds()) if self._rows else {}
        self._timed = set(self._durations)

    def earlier(self, cell: Cell, check: str) -> Outcome | None:
        """The recorded outcome, which is not measured again; None where there is none or it could not be measured."""
        row = self._rows.get((cell.id, check))
        if row is None or Status(row["status"]) in COULD_NOT_MEASURE:
            return None
        return Outcome(Status(row["status"]), row["reason"], row, self._durations.get(cell.id, []))

    def select(self, pairs: Iterable[tuple[Cell, str]], *, left_out: bool = False) -> None:
        """Note which checks of which cells this session is to carry out, or that they are left out after all.

        Raises:
            Unwritable: the disk takes no more.
        """
        cells: dict[Cell, list[str]] = {}
        for cell, check in pairs:
            cells.setdefault(cell, []).append(check)
        if cells:
            self.folder.append_selection(cells, left_out=left_out)

    def has(self, cell: Cell, check: str) -> bool:
        """Whether a check has a row."""
        return (cell.id, check) in self._rows

    def has_rounds(self, cell: Cell) -> bool:
        """Whether a cell was timed before, in this session or an earlier one."""
        return cell.id in self._timed

    def write(self, cell: Cell, check: str, outcome: Outcome, fields: Mapping[str, Any]) -> Outcome:
        """Append a check's row: the outcome's own fields, and these. What no row can hold is an error, and that row.

        Raises:
            Unwritable: the disk takes no more.
        """
        try:
            row = self.folder.append(cell, check, outcome.status, outcome.reason, {**outcome.fields, **fields})
        except ValueError as error:
            reason = f"its result cannot be recorded ({error}): it was {outcome.status}"
            outcome = Outcome(
                Status.ERROR, shortened(f"{reason}, {outcome.reason}" if outcome.reason else reason, LONGEST_SENTENCE)
            )
            row = self.folder.append(cell, check, outcome.status, outcome.reason, {})
        self._rows[cell.id, check] = row
        return outcome

    def write_rounds(self, cell: Cell, rounds: Rounds) -> None:
        """Append the rounds of timed calls of a cell; a series without any takes the place of an earlier one, too.

        Raises:
            Unwritable: the disk takes no more.
        """
        rows = round_rows(rounds, cell)
        if not rows and cell.id in self._timed:
            rows = [{"block": cell.group, "cycle": 0, "order": 0, "latency_ms": []}]
        self.folder.append_rounds(cell, rows)
        if rows:
            self._timed.add(cell.id)
