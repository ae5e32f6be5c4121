"""pytest-benchmark: durations that a worker measured, handed to it through its own timer, and its tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

MOST = 1000
DISPLAY = tuple(
    f"--benchmark-{name}"
    for name in (
        "columns", "compare", "cprofile", "group-by", "histogram", "name", "sort", "time-unit", "verbose",
    )
)  # fmt: skip
"""The options of pytest-benchmark that say how its tables look, or that need them."""


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


def take_back(config: pytest.Config, name: str) -> None:
    """Take from pytest-benchmark what an item, by its node id, gave it at an earlier turn."""
    given = config._benchmarksession.benchmarks  # type: ignore[attr-defined]
    given[:] = [benchmark for benchmark in given if benchmark.fullname != name]


def leave_out_the_tables(config: pytest.Config) -> None:
    """Of pytest-benchmark's tables, unless an option on the command line asks for them: ours says the same in less."""
    benchmarks = getattr(config, "_benchmarksession", None)
    asked = any(word.startswith(DISPLAY) for word in config.invocation_params.args)
    if benchmarks is not None and not asked:
        benchmarks.quiet = True
