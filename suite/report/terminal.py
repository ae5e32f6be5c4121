"""The table printed at the end of a run, and status symbols for terminals. Needs neither pandas nor matplotlib."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from suite.core.cell import Status
from suite.core.printable import printable
from suite.core.work import Work
from suite.records.columns import join
from suite.records.run_folder import RunFolder
from suite.report import number_format, status_symbols

_PER_TABLE = 8
_LABEL_WIDTH = 24
OWN = ("local", "hub")
"""Where the weights of models come from that somebody chooses between."""
_Row = Mapping[str, Any]


def print_summary(console: Console, folder: Path) -> None:
    """Print one compact table of a run: capability by backend, with accuracy, median latency and status.

    And where a capability was run on several models of the user's own, these side by side.
    """
    run = RunFolder(folder)
    cells, ascii_only = join(run.rows(), run.selection()), console.options.ascii_only
    console.print(summary_table(cells, ascii_only=ascii_only))
    own = [row for row in cells if row["weights"] in OWN]
    if len({(row["capability"], row["checkpoint"]) for row in own}) > len({row["capability"] for row in own}):
        from suite.analysis.models_compared import compared  # the statistics take a while to load
        from suite.report.models_terminal import models_table

        for comparison in compared(own, run.answers()):
            console.print()
            console.print(models_table(comparison, ascii_only))


def summary_table(cells: Iterable[_Row], ascii_only: bool = False) -> RenderableType:
    """The cells, as `suite.records.columns.join` gives them, for a terminal of 100 columns.

    More than eight backends continue in a further table; those that train have one of their own.
    """
    rows = list(cells)
    if not rows:
        return Text("Nothing was measured.")
    trained = [row for row in rows if row.get("work") == Work.TRAINING]
    parts = [
        *_tables([row for row in rows if row.get("work") != Work.TRAINING], ascii_only),
        *([Text("training: accuracy afterwards, and time of a step")] if trained else []),
        *_tables(trained, ascii_only),
    ]
    return Group(*parts, _legend(rows, ascii_only))


def _tables(rows: Sequence[_Row], ascii_only: bool) -> list[RenderableType]:
    backends = list(dict.fromkeys(row["backend"] for row in rows))
    return [
        _table(rows, backends[start : start + _PER_TABLE], ascii_only) for start in range(0, len(backends), _PER_TABLE)
    ]


def _table(rows: Sequence[_Row], backends: Sequence[str], ascii_only: bool) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("capability", max_width=_LABEL_WIDTH, overflow="fold")
    for name in backends:
        table.add_column(Text(printable(name)), justify="right", max_width=13, overflow="fold")
    by_cell = {(row["capability"], row["checkpoint"], row["backend"]): row for row in rows}
    checkpoints: dict[str, dict[str, None]] = {}
    for capability, checkpoint, _ in by_cell:
        checkpoints.setdefault(capability, {})[checkpoint] = None
    for capability, names in checkpoints.items():
        for checkpoint in names:
            label = Text(printable(capability))
            if len(names) > 1:
                label.append(f"\n{printable(checkpoint)}", style="dim")
            entries = (by_cell.get((capability, checkpoint, backend)) for backend in backends)
            table.add_row(label, *(_entry(row, ascii_only) if row else Text("") for row in entries))
    return table


def _entry(row: _Row, ascii_only: bool) -> Text:
    text = Text()
    if not number_format.is_missing(row["accuracy"]):
        text.append(f"{number_format.fixed(row['accuracy'])} ")
    text.append(status_text(row["status"], ascii_only))
    if not number_format.is_missing(row["latency_p50_ms"]):
        duration = number_format.duration(row["latency_p50_ms"])
        text.append(f"\n{duration.replace('µ', 'u') if ascii_only else duration}", style="dim")
    return text


def _legend(rows: Sequence[_Row], ascii_only: bool) -> Text:
    return Text("accuracy (0 to 1) and median latency;  ").append(status_counts(rows, ascii_only))


def status_text(status: str, ascii_only: bool) -> Text:
    """The symbol of a status in its colour."""
    symbol = status_symbols.SYMBOLS[Status(status)]
    return Text(symbol.ascii if ascii_only else symbol.unicode, style=symbol.style)


def status_counts(rows: Iterable[_Row], ascii_only: bool) -> Text:
    """Every status that occurs with its symbol and its number of cells, on one line."""
    counts = status_symbols.counts(row["status"] for row in rows)
    return Text("  ").join(status_text(status, ascii_only).append(f" {n} {status}", "none") for status, n in counts)
