"""The models of a run side by side in the terminal: a table a capability, and what the paired tests show."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from suite.analysis.frames import REFERENCE
from suite.analysis.models_compared import Comparison, said_first
from suite.core.printable import printable
from suite.report import number_format
from suite.report.terminal import status_text

_NAME_WIDTH = 36


def models_table(comparison: Comparison, ascii_only: bool = False) -> RenderableType:
    """One capability's models for a terminal of 100 columns: best accuracy first, and a sentence for each two."""
    table = Table(
        title=Text(printable(f"models on {comparison.capability}")), title_justify="left", title_style="bold",
        box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold",
    )  # fmt: skip
    table.add_column("model", max_width=_NAME_WIDTH, overflow="fold")
    table.add_column("backend", max_width=12, overflow="fold")
    for heading in ("accuracy", "95 % interval", "median", "memory", ""):
        table.add_column(heading, justify="right")
    for one in sorted(comparison.measured, key=lambda one: -(one.accuracy or 0.0)):
        latency = number_format.duration(one.latency)
        memory = number_format.MISSING if one.memory is None else f"{number_format.significant(one.memory)} MB"
        between = [number_format.fixed(end) for end in (one.low, one.high)]
        interval = number_format.MISSING if number_format.MISSING in between else " to ".join(between)
        texts = [number_format.fixed(one.accuracy), interval, latency, memory]
        table.add_row(
            Text(printable(one.model)), Text(printable(one.backend)),
            *(_plain(text) if ascii_only else text for text in texts), status_text(one.status, ascii_only),
        )  # fmt: skip
    said, further = said_first(comparison, REFERENCE)
    parts: list[RenderableType] = [table, *(Text(printable(text)) for text in said)]
    if further:
        parts.append(Text(f"{len(further)} further comparisons are in the report."))
    return Group(*parts)


def _plain(text: str) -> str:
    return text.replace("µ", "u").replace(number_format.MISSING, "-")
