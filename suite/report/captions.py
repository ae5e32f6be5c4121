"""Sentences below figures: what is not drawn there, and what the harness itself took."""

from __future__ import annotations

import pandas as pd

from suite.analysis.frames import FLOOR
from suite.report import number_format
from suite.report.limits import MOST_DOUBLINGS, MOST_FIGURE_ROWS, MOST_LABELS, MOST_PANELS, left_out


def rows_left_out(cells: pd.DataFrame, column: str) -> str:
    """The sentence on rows of a figure of one column that are not drawn, or nothing."""
    rows = len(cells.loc[cells[column] > 0, ["capability", "checkpoint"]].drop_duplicates())
    return left_out(min(rows, MOST_FIGURE_ROWS), rows, "checkpoints")


def backends_left_out(cells: pd.DataFrame) -> str:
    """The same on panels and marks of backends."""
    backends = int(cells["backend"].nunique())
    return left_out(min(backends, MOST_PANELS), backends, "backends")


def ratios_left_out(faster: pd.DataFrame) -> str:
    """The same on speed-ups beyond the ends of the figure."""
    largest = 2.0**MOST_DOUBLINGS
    beyond = int(((faster["speedup"] > largest) | (faster["speedup"] < 1 / largest)).sum())
    return "" if not beyond else (
        f"Of {beyond:,} the dot lies outside: more than {largest:,.0f} times faster or slower. Their ratios are "
        "written at the right, and in the tables below.")  # fmt: skip


def names_left_out(marks: int) -> str:
    """The same on marks that are drawn and not named."""
    return "" if marks <= MOST_LABELS else (
        f" Named are those of the front, {MOST_LABELS} at most: the table below names all it shows.")  # fmt: skip


def floor_caption(cells: pd.DataFrame) -> str:
    """What the harness itself took, where that was measured."""
    floor = cells.loc[cells["backend"] == FLOOR, "latency_p50_ms"].dropna()
    return "" if floor.empty else f"The harness floor ({FLOOR}) is {number_format.duration(float(floor.median()))}."
