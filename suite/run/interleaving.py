"""The latency of one checkpoint's backends, measured together: round by round, interleaved, in shuffled order.

Drift of the machine then hits all of them alike, and the ratio between two of them within a cycle is free of it.
"""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from typing import Any

from suite.core.outcome import RequestFailed
from suite.core.rounds import Round, Rounds
from suite.executors.base import Executor
from suite.executors.quiet import wait_until_quiet
from suite.measure.latency import summarize

CYCLES = 10
FEWEST_CYCLES = 6
WARM_UP_SHARE = 1.0
PATIENCE = 3.0
"""A cell whose calls are long or noisy may take this many times its budget."""


def measure_block(
    benches: Mapping[str, Executor], reference: str, budget: float, timeout: float, seed: int
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


def _step(
    result: Rounds, bench: Executor, others: Mapping[str, Executor], request: tuple[str, float], timeout: float
) -> Any:
    """Ask one bench while the others are quiet; the request is a method and the seconds that it may measure."""
    started = time.perf_counter()
    method, seconds = request
    try:
        wait_until_quiet(other for other in others.values() if other is not bench)
        return bench.ask(method, timeout, seconds=seconds)
    except RequestFailed as stopped:
        result.stopped = stopped
        return None
    finally:
        result.spent += time.perf_counter() - started
