"""The symbol and the colour of each status, the counts of statuses, and the verdict on a run in a sentence."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from suite.core.cell import COULD_NOT_MEASURE, WORST_FIRST, Status


class Symbol(NamedTuple):
    """A status as one character, as one for terminals limited to ASCII, and its `rich` style."""

    unicode: str
    ascii: str
    style: str


SYMBOLS = {
    Status.PASSED: Symbol("✓", "ok", "green"),
    Status.FAILED: Symbol("✗", "F", "bold red"),
    Status.KNOWN_FAILURE: Symbol("\u00d7", "k", "yellow"),
    Status.UNSUPPORTED: Symbol("·", "-", "dim"),
    Status.UNSTABLE: Symbol("~", "~", "magenta"),
    Status.OOM: Symbol("▲", "M", "magenta"),
    Status.TIMEOUT: Symbol("◷", "T", "magenta"),
    Status.ERROR: Symbol("!", "!", "bold magenta"),
}


def counts(statuses: Iterable[str]) -> list[tuple[Status, int]]:
    """How many cells have each status, those that occur, passed first and then the worst first."""
    values = list(statuses)
    order = (Status.PASSED, *(status for status in WORST_FIRST if status != Status.PASSED))
    return [(status, values.count(status)) for status in order if status in values]


def verdict(statuses: Iterable[str]) -> str:
    """The outcome of a run in a sentence."""
    values = list(statuses)
    if not values:
        return "Nothing was measured."
    failed = values.count(Status.FAILED)
    unmeasured = sum(values.count(status) for status in COULD_NOT_MEASURE)
    possible = len(values) - values.count(Status.UNSUPPORTED)
    passed = values.count(Status.PASSED)
    if not possible:
        return "No cell is supported here."
    parts = [
        f"All {possible:,} supported cells passed"
        if passed == possible
        else f"{passed:,} of {possible:,} supported cells passed"
    ]
    if failed:
        parts.append(f"{failed:,} failed")
    if unmeasured:
        parts.append(f"{unmeasured:,} could not be measured")
    if known := values.count(Status.KNOWN_FAILURE):
        parts.append(f"{known:,} failed as known")
    return ", ".join(parts) + "."
