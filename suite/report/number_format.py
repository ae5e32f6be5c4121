"""Numbers as a reader wants them: three significant digits, a unit, a dash for what was not measured."""

from __future__ import annotations

import math

TIMES = "\u00d7"
MISSING = "\u2013"


def is_missing(value: object) -> bool:
    """Whether there is no number: `None`, NaN or pandas' NA."""
    try:
        return value is None or math.isnan(float(value))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return True


def significant(value: float | None, digits: int = 3) -> str:
    """`0.0123`, `1.23`, `12.3`, `1,230`: never an exponent within reason, never more digits than were measured."""
    if value is None or is_missing(value):
        return MISSING
    if value == 0:
        return "0"
    magnitude = math.floor(math.log10(abs(value)))
    if magnitude < -6:
        return f"{value:.1e}"
    rounded = round(value, digits - 1 - magnitude)
    return f"{rounded:,.{max(0, digits - 1 - math.floor(math.log10(abs(rounded))))}f}"


def duration(milliseconds: float | None) -> str:
    """With its unit: `12.3 ms`, and `0.42 µs` where milliseconds would be all zeros."""
    if milliseconds is None or is_missing(milliseconds):
        return MISSING
    return f"{significant(milliseconds)} ms" if milliseconds >= 0.01 else f"{significant(1000 * milliseconds, 2)} µs"


def fixed(value: float | None, decimals: int = 3) -> str:
    """A share or an accuracy: `0.912`."""
    return MISSING if value is None or is_missing(value) else f"{value:.{decimals}f}"


def percent(value: float | None, decimals: int = 1) -> str:
    """`0.994` as `99.4 %`."""
    return MISSING if value is None or is_missing(value) else f"{100 * value:.{decimals}f} %"


def times(value: float | None, digits: int = 3) -> str:
    """A ratio: with a multiplication sign."""
    return MISSING if value is None or is_missing(value) else f"{significant(value, digits)}{TIMES}"


def p_value(value: float | None) -> str:
    """`0.031`, `< 0.001`."""
    if value is None or is_missing(value):
        return MISSING
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
