"""How much one page holds: above this it shows the worst or the first, and says where the rest can be read.

A page of 10,000 cells stays below 10 MB and is drawn in seconds; `suite/benchmarks/report_scaling.py` measures it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

PAGE_BYTES = 9_500_000
MANY_CELLS = 1000
MOST_MARKS = 150
"""Cells in one figure."""
MOST_MODEL_MARKS = 40
"""Cells in a figure that compares models, which is drawn twice over: against latency and against memory."""
MOST_LABELS = 16
"""Cells of a figure that are named in it."""
MOST_FIGURE_ROWS = 40
MOST_STRIPS = 24
"""Cells whose single calls are drawn in one figure."""
MOST_TICKS = 60
"""Of one such strip: of more calls, so many quantiles."""
MOST_DOUBLINGS = 8
"""How many times faster or slower, as a power of two, a figure of speed-ups reaches."""
MOST_PANELS = 24
MOST_DESCRIBED = 30
"""Numbers that are read out instead of a figure."""
LONGEST_TEXT = 600
LONGEST_NAME = 200
MEDIA_BYTES = 3_000_000
"""Of pictures and sounds."""

_T = TypeVar("_T")


@dataclass(frozen=True)
class Limits:
    """What is shown at most; `rows` are those of all tables of measurements together."""

    rows: int = 2500
    matrix_rows: int = 400
    sections: int = 100
    illustrated: int = 40
    """Capabilities whose figures are drawn."""
    reasons: int = 300
    section_reasons: int = 50
    notes: int = 100
    noted_cells: int = 20
    model_rows: int = 40
    """Of a capability: rows of the tables that compare models, and sentences on two of them."""
    added_rows: int = 500
    """Of each table that an installed package adds."""
    answered: int = 24
    """Samples with their answers, per capability."""

    @classmethod
    def of(cls, cells: int) -> Limits:
        """Those for a run of so many cells: with many, the tables take the time that figures would."""
        return cls() if cells <= MANY_CELLS else cls(illustrated=4)

    def tighter(self) -> Limits:
        """Those for a page that came out too large, since its texts are long."""
        return replace(self, **{name: max(1, value // 4) for name, value in vars(self).items()})


def left_out(shown: int, total: int, what: str, where: str = "cells.csv") -> str:
    """The sentence that says what is not shown, or nothing."""
    return f"Shown are {shown:,} of {total:,} {what}; all are in {where}." if shown < total else ""


def spread(items: Sequence[_T], most: int) -> list[_T]:
    """So many of the items, evenly over their whole order."""
    if len(items) <= most:
        return list(items)
    return [items[place * len(items) // most] for place in range(most)]


def shares(sizes: Sequence[int], most: int) -> list[int]:
    """How many of each of several groups are shown, so that no more than `most` are: small ones in full."""
    given = [0] * len(sizes)
    left, waiting = most, sorted(range(len(sizes)), key=lambda index: sizes[index])
    for done, index in enumerate(waiting):
        given[index] = min(sizes[index], left // (len(waiting) - done))
        left -= given[index]
    return given


def cut(text: Any, longest: int = LONGEST_TEXT) -> str:
    """A text as long as a page has room for it."""
    text = str(text)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
