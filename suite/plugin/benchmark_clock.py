"""Durations that a worker measured, handed to pytest-benchmark through its own timer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

MOST = 1000


class ReplayClock:
    """A timer that stands still until it is told how much time has passed."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """The time, in seconds."""
        return self.now


clock = ReplayClock()
"""Named as `timer` in the benchmark mark of the latency test."""


def replay(benchmark: Any, durations: Sequence[float]) -> None:
    """Let `benchmark.pedantic` see exactly these durations, evenly thinned to the thousand it needs at most."""
    if not durations:
        return
    step = -(-len(durations) // MOST)
    chosen: Iterator[float] = iter(durations[::step])

    def advance() -> None:
        clock.now += next(chosen, 0.0)

    benchmark.pedantic(advance, rounds=len(durations[::step]), iterations=1)
