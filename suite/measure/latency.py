"""Latency: times single calls inside the worker, and summarizes many rounds of them."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from suite.measure.cpu_time import Usage

WARM_WINDOW = 5
WARM_CHANGE = 0.10
DISCARDED_CALLS = 2
LONG_CALL_S = 0.01
"""Of calls that are so long, in seconds, one is enough to be thrown away: what it finds cold is a small part of it."""
LONGEST_ROUND, LONGEST_OF_NOTHING = 2000, 250
"""Calls of a round at most; the second for calls that take less time than any model."""
UNSTABLE_ABOVE = 0.25
"""A cell whose median is uncertain by more than this share cannot be used."""
RESOLUTION_MS = 0.005
"""What a median may be off by in any case: no model answers so fast, and what does nothing has no noise to speak of."""
IDLE_ABOVE = 0.25
"""A call that spends more than this share of its time idle is not computing: something in it sleeps."""
IDLE_PERCENTILE = 25
"""Of the rounds' shares: what sleeps does so in nearly all, where chance and a crowded machine make some idle."""

Call = Callable[[], Any]


def warm_up(call: Call, seconds: float) -> int:
    """Call until two successive windows of calls have medians within 10 % of each other, or the time is up.

    Returns the number of calls.
    """
    deadline = time.perf_counter() + seconds
    durations: list[float] = []
    while True:
        started = time.perf_counter()
        call()
        now = time.perf_counter()
        durations.append(now - started)
        if now > deadline and len(durations) > 1:
            return len(durations)
        if len(durations) >= 2 * WARM_WINDOW:
            before = float(np.median(durations[-2 * WARM_WINDOW : -WARM_WINDOW]))
            after = float(np.median(durations[-WARM_WINDOW:]))
            if abs(after - before) <= WARM_CHANGE * before:
                return len(durations)


def timed_calls(call: Call, seconds: float) -> tuple[list[float], list[Any], float]:
    """Call for that long, at least once, with the garbage collector held.

    The first calls are thrown away: caches and thread pools belong to whoever ran before. Returns the duration of each
    call in seconds, what each returned, and the share of the time in which the process was idle.
    """
    duration = 0.0
    for _ in range(DISCARDED_CALLS):
        started = time.perf_counter()
        call()
        duration = time.perf_counter() - started
        if duration > min(seconds, LONG_CALL_S):
            break
    most = LONGEST_OF_NOTHING if duration * 1e3 < RESOLUTION_MS else LONGEST_ROUND
    durations: list[float] = []
    results: list[Any] = []
    clock = time.perf_counter
    gc.collect()
    collecting = gc.isenabled()
    gc.disable()
    try:
        before = Usage.now()
        deadline = clock() + seconds
        while True:
            started = clock()
            result = call()
            stopped = clock()
            durations.append(stopped - started)
            results.append(result)
            if stopped >= deadline or len(durations) >= most:
                break
        idle = Usage.now().idle_share(before)
    finally:
        if collecting:
            gc.enable()
    return durations, results, idle


def load_now() -> float:
    """The system's load average over the last minute, or 0 where there is none."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0


def _interval(medians: np.ndarray) -> tuple[float, float]:
    """The 95 % confidence interval of the median (binomial, no distribution assumed)."""
    from scipy.stats import quantile_test

    interval = quantile_test(medians, q=float(np.median(medians)), p=0.5).confidence_interval(confidence_level=0.95)
    low, high = (interval.low, interval.high) if np.isfinite(interval).all() else (medians.min(), medians.max())
    return float(low), float(high)


@dataclass(frozen=True)
class Latency:
    """Percentiles of all calls (ms), their coefficient of variation, and how far the median can be trusted: its 95 %
    confidence interval over the rounds (ms), and half of its width as a share of the median.
    """

    p50_ms: float
    p90_ms: float
    p99_ms: float
    cv: float
    low_ms: float
    high_ms: float
    uncertainty: float
    idle_share: float

    @property
    def problem(self) -> str | None:
        """Why these numbers cannot be used, or `None`."""
        if self.uncertainty > UNSTABLE_ABOVE and self.uncertainty * self.p50_ms > RESOLUTION_MS:
            return (
                f"the median of {self.p50_ms:.3g} ms is uncertain by {self.uncertainty:.0%} from round to round (95 % "
                f"interval {self.low_ms:.3g} to {self.high_ms:.3g} ms): quieten the machine, or measure longer with "
                "--budget"
            )
        return None

    @property
    def sleeps(self) -> str | None:
        """Whether the call waits instead of computing, as a sentence."""
        if self.idle_share > IDLE_ABOVE:
            return (
                f"the call spent {self.idle_share:.0%} of its time neither computing nor waiting for a core: "
                "something in it sleeps, or waits for another process"
            )
        return None


def summarize(rounds: Sequence[Sequence[float]], idle_shares: Sequence[float]) -> Latency:
    """Rounds of durations in seconds, as one result.

    The uncertainty is that of the median over rounds, the unit that interleaving makes independent.
    """
    calls = np.concatenate([np.asarray(durations) for durations in rounds])
    medians = np.array([np.median(durations) for durations in rounds])
    p50, p90, p99 = np.percentile(calls, [50, 90, 99]) * 1000
    low, high = _interval(medians)
    center = float(np.median(medians))
    return Latency(
        p50_ms=float(p50),
        p90_ms=float(p90),
        p99_ms=float(p99),
        cv=float(calls.std() / calls.mean()) if calls.mean() else 0.0,
        low_ms=low * 1000,
        high_ms=high * 1000,
        uncertainty=(high - low) / 2 / center if center else 0.0,
        idle_share=float(np.percentile(idle_shares, IDLE_PERCENTILE)) if len(idle_shares) else 0.0,
    )
