"""Reports: tables, plots, one HTML page and a terminal summary of one or more runs.

Reads what `suite.records` wrote. Importing this package is cheap: pandas, matplotlib and jinja2 are imported when a
report is written, torch and transformers never.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from suite.report.added_sections import ReportSection

__all__ = ["ReportSection", "print_summary", "write_report"]


def __getattr__(name: str) -> Any:
    """`ReportSection`, which packages that add a section return; it needs pandas."""
    if name != "ReportSection":
        raise AttributeError(name)
    from suite.report.added_sections import ReportSection

    return ReportSection


def write_report(
    folders: Sequence[Path], into: Path, progress: Callable[[str], None] | None = None, *, with_plots: bool = False
) -> Path:
    """Write `cells.csv`, the parquet files and `report.html` into a folder; return the path of the last.

    Args:
        folders: the run folders to read, a baseline first.
        into: the folder to write to; for one run, that run's own folder.
        progress: called with the name of each file before it is written.
        with_plots: whether the figures are written to `plots/` too, as PNG files.

    Raises:
        UsageError: a folder is not that of a run.
        OSError: `into` cannot be written.
    """
    from suite.report.write import write_report as write

    return write(folders, into, progress, with_plots=with_plots)


def print_summary(console: Console, folder: Path) -> None:
    """Print one compact table of a run: capability by backend, with accuracy, median latency and status."""
    from suite.report.terminal import print_summary as show

    show(console, folder)
