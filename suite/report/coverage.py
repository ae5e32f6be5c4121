"""Which cells of the matrix ended in which status in a run, which are missing, and why some are unsupported."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from suite.core.cell import Status
from suite.core.printable import printable
from suite.report import status_symbols
from suite.report.terminal import status_counts, status_text

MISSING = "missing"
_Row = Mapping[str, Any]


def print_coverage(console: Console, rows: Iterable[_Row], expected: Iterable[str]) -> list[str]:
    """Print capability x checkpoint x backend with a status each, and the reasons; return the ids of missing cells.

    `rows` are a run's cells, each with `cell`, `status` and `reason`; `expected` are the ids of the matrix's cells.
    """
    by_id = {str(row["cell"]): row for row in rows}
    cells = list(dict.fromkeys([*expected, *by_id]))
    missing = [name for name in cells if name not in by_id]
    backends = list(dict.fromkeys(name.rpartition("/")[-1] for name in cells))
    ascii_only = console.options.ascii_only
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("capability")
    table.add_column("checkpoint", style="dim")
    for name in backends:
        table.add_column(Text(printable(name)))
    for group in dict.fromkeys(name.rpartition("/")[0] for name in cells):
        capability, _, checkpoint = group.partition("/")
        statuses = [_status(f"{group}/{name}", by_id, cells, ascii_only) for name in backends]
        table.add_row(Text(printable(capability)), Text(printable(checkpoint)), *statuses)
    legend = status_counts(by_id.values(), ascii_only)
    if missing:
        legend.append("  " if by_id else "").append(f"{len(missing)} {MISSING}", style="bold red")
    console.print(Group(table, legend))
    for status in (Status.UNSUPPORTED, *_worst_first(by_id.values())):
        for reason, names in _reasons(by_id.values(), status).items():
            concerned = printable(f"({', '.join(names)})")
            console.print(Text.assemble((f"{status}: ", "bold"), f"{printable(reason)} ", (concerned, "dim")))
    if missing:
        console.print(Text.assemble((f"{MISSING}: ", "bold red"), printable(", ".join(_shortened(missing, cells)))))
    return missing


def _status(name: str, by_id: Mapping[str, _Row], cells: Sequence[str], ascii_only: bool) -> Text:
    if name in by_id:
        return status_text(by_id[name]["status"], ascii_only)
    return Text(MISSING if name in cells else "", style="bold red")


def _shortened(missing: Sequence[str], cells: Sequence[str]) -> list[str]:
    """The missing cells by name; a checkpoint group that is missing on every backend is named once."""
    names = []
    for group in dict.fromkeys(name.rpartition("/")[0] for name in missing):
        absent = [name for name in missing if name.startswith(f"{group}/")]
        whole = len(absent) == sum(name.startswith(f"{group}/") for name in cells)
        names += [f"{group} on every backend"] if whole and len(absent) > 1 else absent
    return names


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
