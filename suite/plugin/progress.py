"""The run as the terminal shows it: a line per check of a checkpoint, its backends in turn, and the time left.

Everything is appended, nothing rewritten, so that it reads the same in a terminal and in a CI log. The cell at work is
the one whose mark is still missing.
"""

from __future__ import annotations

import time
from collections import deque

import pytest

from suite.core.cell import Cell
from suite.core.printable import printable

WIDTH = 88


class Progress:
    """Writes through pytest's terminal reporter. `total` is the number of checks selected; `messages`, which come from
    other threads, are taken away and shown between two lines.
    """

    def __init__(self, terminal: pytest.TerminalReporter, total: int, messages: deque[str]) -> None:
        self._terminal, self._total, self._messages = terminal, total, messages
        self._done = 0
        self.over = False
        self._started = 0.0
        self._group = self._check = ""
        self._column = 0
        encoding = getattr(terminal._tw._file, "encoding", None) or "ascii"
        self._tick = "✓" if encoding.lower().startswith("utf") else "ok"

    def start(self, cell: Cell, check: str) -> None:
        """A check of a cell begins."""
        self._started = self._started or time.monotonic()
        if cell.group != self._group:
            self._end_line()
            self._terminal.write_line(printable(cell.group), bold=True)
        if (cell.group, check) != (self._group, self._check):
            self._end_line()
            self._write(f"  {check:<12}")
        self._group, self._check = cell.group, check
        self._write(f" {cell.backend}")

    def end(self, report: pytest.TestReport) -> None:
        """The check has ended: its mark."""
        self._done += 1
        if hasattr(report, "wasxfail"):
            self._write(" x" if report.skipped else " X", yellow=True)
        elif report.passed:
            self._write(f" {self._tick}", green=True)
        elif report.skipped:
            self._write(" s", yellow=True)
        else:
            self._write(" F" if report.when == "call" else " E", red=True)
        if self._done == self._total:
            self._end_line()

    def postpone(self) -> None:
        """The check is to be repeated at the end."""
        self._write(" ~", yellow=True)

    def tell(self, line: str) -> None:
        """Something about what comes next, on a line of its own; the checkpoint is named anew after it."""
        self._end_line()
        self._terminal.write_line(printable(line))
        self._group = self._check = ""

    def stop(self) -> None:
        """The run is over."""
        self._end_line()
        self.over = True

    def _write(self, text: str, **markup: bool) -> None:
        self._terminal.write(text, flush=True, **markup)
        self._column += len(text)

    def _end_line(self) -> None:
        if self._column:
            gap = " " * max(1, WIDTH - self._column)
            self._terminal.write_line(f"{gap}[{self._done / self._total:4.0%}{self._time_left()}]")
            self._column = 0
        while self._messages:
            self._terminal.write_line(f"  {printable(self._messages.popleft())}")

    def _time_left(self) -> str:
        left = (time.monotonic() - self._started) * (self._total - self._done) / max(self._done, 1)
        return f", {int(left) // 60}:{int(left) % 60:02} left" if self._done < self._total else ""
