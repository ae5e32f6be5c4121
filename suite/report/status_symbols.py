"""How each status is marked where a word is too long, in text and in colour."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from suite.core.cell import COULD_NOT_MEASURE, WORST_FIRST, Status


class Mark(NamedTuple):
    """A symbol, one for terminals that know ASCII alone, and a style of `rich`."""

    symbol: str
    ascii: str
    style: str


MARKS = {
    Status.PASSED: Mark("✓", "ok", "green"),
    Status.FAILED: Mark("✗", "F", "bold red"),
    Status.KNOWN_FAILURE: Mark("\u00d7", "k", "yellow"),
    Status.UNSUPPORTED: Mark("·", "-", "dim"),
    Status.UNSTABLE: Mark("~", "~", "magenta"),
    Status.OOM: Mark("▲", "M", "magenta"),
    Status.TIMEOUT: Mark("◷", "T", "magenta"),
    Status.ERROR: Mark("!", "!", "bold magenta"),
}


def counts(statuses: Iterable[str]) -> list[tuple[Status, int]]:
    """How many cells have each status, those that occur, passed first and then the worst first."""
    found = list(statuses)
    order = (Status.PASSED, *(status for status in WORST_FIRST if status != Status.PASSED))
    return [(status, found.count(status)) for status in order if status in found]


def verdict(statuses: Iterable[str]) -> str:
    """The outcome of a run in a sentence."""
    found = list(statuses)
    if not found:
        return "Nothing was measured."
    failed = found.count(Status.FAILED)
    unmeasured = sum(found.count(status) for status in COULD_NOT_MEASURE)
    possible = len(found) - found.count(Status.UNSUPPORTED)
    passed = found.count(Status.PASSED)
    if not possible:
        return "No cell is supported here."
    parts = [
        f"All {possible} supported cells passed"
        if passed == possible
        else f"{passed} of {possible} supported cells passed"
    ]
    if failed:
        parts.append(f"{failed} failed")
    if unmeasured:
        parts.append(f"{unmeasured} could not be measured")
    if known := found.count(Status.KNOWN_FAILURE):
        parts.append(f"{known} failed as known")
    return ", ".join(parts) + "."
