"""What is read out instead of a figure: its numbers in a sentence."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from suite.analysis.frames import FLOOR, records
from suite.report import number_format
from suite.report.limits import LONGEST_NAME, MOST_DESCRIBED, cut


def measured(cells: pd.DataFrame, column: str, what: str, unit: str) -> str:
    """One column of some cells."""
    several = cells["capability"].nunique() > 1
    entries = [
        f"{row['capability'] + ' ' if several else ''}{row['backend']} {number_format.significant(row[column])} {unit}"
        for row in records(cells.loc[cells[column].notna(), ["capability", "backend", column]][:MOST_DESCRIBED])
    ]
    return f"{what + ': ' if what else ''}{_listed(entries, int(cells[column].notna().sum()))}"


def accuracies(cells: pd.DataFrame) -> str:
    """Accuracy against latency."""
    given = cells[cells["accuracy"].notna() & (cells["backend"] != FLOOR)]
    entries = [
        f"{row['backend']} {number_format.fixed(row['accuracy'])} at "
        f"{number_format.significant(row['latency_p50_ms'])} ms"
        for row in records(given[["backend", "accuracy", "latency_p50_ms"]][:MOST_DESCRIBED])
    ]
    return f"Accuracy against median latency: {_listed(entries, len(given))}"


def speedups(table: pd.DataFrame) -> str:
    """How many times faster each cell is."""
    entries = [
        f"{row['capability']} on {row['backend']} {number_format.significant(row['speedup'])} times"
        for row in records(table[:MOST_DESCRIBED])
    ]
    return f"How many times faster: {_listed(entries, len(table))}"


def _listed(entries: Sequence[str], total: int) -> str:
    more = f", and {total - len(entries):,} more" if total > len(entries) else ""
    return f"{', '.join(cut(entry, LONGEST_NAME) for entry in entries)}{more}."
