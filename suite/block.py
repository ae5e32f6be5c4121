"""The latency of one checkpoint's backends, measured together: round by round, interleaved, in shuffled order.

Drift of the machine then hits all of them alike, and the ratio between two of them within a cycle is free of it.
"""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from suite.measure.latency import summarize
from suite.pool import Bench, Stopped, wait_until_quiet
from suite.protocol import Round

CYCLES = 10
FEWEST_CYCLES = 6
WARM_UP_SHARE = 1.0
PATIENCE = 3.0
"""A cell whose calls are long or noisy may take this many times its budget."""


@dataclass
class Rounds:
    """What a cell's share of the block gave."""

    rounds: list[Round] = field(default_factory=list)
    places: list[tuple[int, int]] = field(default_factory=list)
    """Per round, its cycle and its position within the cycle."""
    stopped: Stopped | None = None
    spent: float = 0.0
    """Seconds of wall time, warm-up and waiting included."""


def measure_block(
    benches: Mapping[str, Bench], reference: str, budget: float, timeout: float, seed: int
) -> dict[str, Rounds]:
    """Measure every bench for about `budget` seconds, interleaved; twice that where it is noisy.

    One that stops costs its own cell alone.
    """
    results = {name: Rounds() for name in benches}
    for name, bench in benches.items():
        _step(results[name], bench, benches, ("warm_up", budget * WARM_UP_SHARE), timeout)
    shuffler = random.Random(seed)
    for cycle in range(2 * CYCLES):
        # A second half only for those that are still too noisy, beside the reference that they are compared with.
        noisy = {name for name, result in results.items() if cycle >= CYCLES and _noisy(result)}
        order = list(benches) if cycle < CYCLES else [name for name in benches if name in noisy or name == reference]
        if cycle >= CYCLES and not noisy:
            break
        if cycle:
            shuffler.shuffle(order)
        for position, name in enumerate(order):
            result = results[name]
            measured = sum(sum(done.seconds) for done in result.rounds)
            enough = len(result.rounds) >= FEWEST_CYCLES and measured > budget
            if result.stopped or (enough and (measured > PATIENCE * budget or not _noisy(result))):
                continue
            done = _step(result, benches[name], benches, ("round", budget / CYCLES), timeout)
            if isinstance(done, Round):
                result.rounds.append(done)
                result.places.append((cycle, position))
    return results


def _noisy(result: Rounds) -> bool:
    return bool(result.rounds) and summarize([done.seconds for done in result.rounds], []).problem is not None


def _step(result: Rounds, bench: Bench, others: Mapping[str, Bench], request: tuple[str, float], timeout: float) -> Any:
    """Ask one bench while the others are quiet; the request is a method and the seconds that it may measure."""
    started = time.perf_counter()
    method, seconds = request
    try:
        wait_until_quiet(other for other in others.values() if other is not bench)
        return bench.ask(method, timeout, seconds=seconds)
    except Stopped as stopped:
        result.stopped = stopped
        return None
    finally:
        result.spent += time.perf_counter() - started
