"""Waits until workers burn no CPU, so that none disturbs the one that is measured next."""

from __future__ import annotations

import time
from collections.abc import Iterable

from suite.executors.base import Executor
from suite.measure.cpu_time import cpu_seconds

QUIET_SECONDS = 0.004

QUIET_SHARE = 0.02

QUIET_PATIENCE = 2.0


def wait_until_quiet(others: Iterable[Executor]) -> float:
    """Block until none of these workers burns CPU any more; returns the seconds waited.

    Thread pools go on spinning after a call, and disturb whoever is measured next.
    """
    pids = [bench.pid for bench in others if bench.pid is not None]
    started = time.perf_counter()
    while pids and time.perf_counter() - started < QUIET_PATIENCE:
        before = [cpu_seconds(pid) for pid in pids]
        time.sleep(QUIET_SECONDS)
        after = [cpu_seconds(pid) for pid in pids]
        burnt = [b - a for a, b in zip(before, after, strict=True) if a is not None and b is not None]
        if sum(burnt) < QUIET_SHARE * QUIET_SECONDS:
            break
    return time.perf_counter() - started
