"""Names as figures have room for them."""

from __future__ import annotations

from suite.report.figure_layout import text_size
from suite.report.limits import cut

LONGEST_NAME = 28
LONGEST_ROW = 40
LETTER = 5.6
"""Points that a letter takes at most, on the average of a name: few names take more, but a row of W would."""


def short(name: str, longest: int = LONGEST_NAME) -> str:
    """A name as a figure has room for it: its end, in which the checkpoints of a training differ."""
    kept = name if len(name) <= longest else f"…{name[1 - longest :]}"
    while text_size(kept)[0] > longest * LETTER and len(kept) > 2:
        kept = f"…{kept[2:]}"
    return kept


def short_beginning(name: str, longest: int) -> str:
    """The beginning of a name as a figure has room for it."""
    kept = cut(name, longest)
    while text_size(kept)[0] > longest * LETTER and len(kept) > 2:
        kept = f"{kept[:-2]}…"
    return kept


def both_short(backend: str, checkpoint: str) -> str:
    """A backend and a checkpoint as a narrow figure has room for them."""
    first = short(backend, 20)
    return f"{first} · {short(checkpoint, min(LONGEST_NAME, LONGEST_NAME + 6 - len(first)))}"
