"""The rounds of timed calls of one cell."""

from __future__ import annotations

from dataclasses import dataclass, field

from suite.core.outcome import RequestFailed


@dataclass(frozen=True)
class Round:
    """One round of one cell, seconds per call. `idle_share`: neither computing nor waiting for a core."""

    seconds: list[float]
    first_token: list[float]
    new_tokens: int
    idle_share: float
    load: float
    input_length: int | None
    peak_rss_mb: float
    peak_device_mb: float | None


@dataclass
class Rounds:
    """A cell's rounds, of those in which the backends of its checkpoint took turns."""

    rounds: list[Round] = field(default_factory=list)
    places: list[tuple[int, int]] = field(default_factory=list)
    """Per round, its cycle and its position within the cycle."""
    reference: list[float | None] = field(default_factory=list)
    """Per round, the reference's median in the same cycle, in seconds; None where it had no round. Empty for itself."""
    failure: RequestFailed | None = None
    """Why there are no more of them, where the worker failed."""
    spent: float = 0.0
    """Seconds of wall time, warm-up and waiting included."""
