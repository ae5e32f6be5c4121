"""Which cells of the matrix ended in which status in a run, which are missing, and why some are unsupported."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from suite.core.cell import Status
from suite.report import status_symbols

MISSING = "missing"
_Row = Mapping[str, Any]


def print_coverage(console: Console, rows: Iterable[_Row], expected: Iterable[str]) -> list[str]:
    """Print capability x checkpoint x backend with a status each, and the reasons; return the cells that are missing.

    `rows` are a run's cells as `record.join` gives them, `expected` the ids of the cells that the matrix has.
    """
    found = {str(row["cell"]): row for row in rows}
    cells = list(dict.fromkeys([*expected, *found]))
    missing = [name for name in cells if name not in found]
    parts = [name.split("/") for name in cells]
    backends = list(dict.fromkeys(part[-1] for part in parts))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("capability")
    table.add_column("checkpoint", style="dim")
    for name in backends:
        table.add_column(name)
    for block in dict.fromkeys(name.rpartition("/")[0] for name in cells):
        capability, _, checkpoint = block.partition("/")
        statuses = [_status(f"{block}/{name}", found, cells, console.options.ascii_only) for name in backends]
        table.add_row(capability, checkpoint, *statuses)
    console.print(Group(table, _key(found.values(), missing, console.options.ascii_only)))
    for status in (Status.UNSUPPORTED, *_worst_first(found.values())):
        for reason, names in _reasons(found.values(), status).items():
            console.print(Text.assemble((f"{status}: ", "bold"), f"{reason} ", (f"({', '.join(names)})", "dim")))
    if missing:
        console.print(Text.assemble((f"{MISSING}: ", "bold red"), ", ".join(_shortened(missing, cells))))
    return missing


def _status(name: str, found: Mapping[str, _Row], cells: Sequence[str], ascii_only: bool) -> Text:
    if name in found:
        mark = status_symbols.MARKS[Status(found[name]["status"])]
        return Text(mark.ascii if ascii_only else mark.symbol, style=mark.style)
    return Text(MISSING if name in cells else "", style="bold red")


def _key(rows: Iterable[_Row], missing: Sequence[str], ascii_only: bool) -> Text:
    text = Text()
    for status, number in status_symbols.counts(row["status"] for row in rows):
        mark = status_symbols.MARKS[status]
        text.append(mark.ascii if ascii_only else mark.symbol, style=mark.style)
        text.append(f" {number} {status}  ")
    if missing:
        text.append(f"{len(missing)} {MISSING}", style="bold red")
    return text


def _shortened(missing: Sequence[str], cells: Sequence[str]) -> list[str]:
    """The missing cells by name; a checkpoint that has none at all is named once."""
    named = []
    for block in dict.fromkeys(name.rpartition("/")[0] for name in missing):
        here = [name for name in missing if name.startswith(f"{block}/")]
        whole = len(here) == sum(name.startswith(f"{block}/") for name in cells)
        named += [f"{block} on every backend"] if whole and len(here) > 1 else here
    return named


def _worst_first(rows: Iterable[_Row]) -> list[Status]:
    present = [status for status, _ in status_symbols.counts(row["status"] for row in rows)]
    return [status for status in present if status not in (Status.PASSED, Status.UNSUPPORTED)]


def _reasons(rows: Iterable[_Row], status: Status) -> dict[str, list[str]]:
    """The cells of a status by the reason that they share."""
    grouped: dict[str, list[str]] = {}
    for row in rows:
        if row["status"] == status:
            grouped.setdefault(str(row["reason"]), []).append(str(row["cell"]))
    return grouped
