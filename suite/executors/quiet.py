"""Waits until workers burn no CPU, so that none disturbs the one that is measured next."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable
from typing import Protocol

import psutil

from suite.measure.cpu_time import cpu_seconds


class HasNumber(Protocol):
    """A process, if it is not this one."""

    @property
    def pid(self) -> int | None:
        """Its number."""


QUIET_SECONDS = 0.004

QUIET_SHARE = 0.02

QUIET_PATIENCE = 2.0


MACHINE_SHARE, MACHINE_SECONDS, MACHINE_PATIENCE = 0.25, 0.5, 10.0
"""Cores that all processes together may use to be no matter, over how many seconds, and how long that is waited for."""

CHILD_PATIENCE = 15.0
"""A compiler that a paused worker has started goes on; it takes seconds."""


def wait_until_quiet(others: Iterable[HasNumber]) -> float:
    """Block until none of these workers burns CPU any more; returns the seconds waited.

    Thread pools go on spinning after a call, and disturb whoever is measured next.
    """
    return _wait([executor.pid for executor in others if executor.pid is not None], QUIET_PATIENCE)


def wait_for_children(executors: Iterable[HasNumber]) -> None:
    """Block until the processes that these workers have started, which nobody pauses, burn no CPU any more."""
    children: list[int] = []
    for executor in executors:
        with contextlib.suppress(psutil.Error):
            if executor.pid is not None:
                children += [child.pid for child in psutil.Process(executor.pid).children(recursive=True)]
    _wait(children, CHILD_PATIENCE)


def wait_until_the_machine_is_quiet() -> bool:
    """Block until the machine as a whole has next to nothing to do, for some seconds at most; whether it has."""
    deadline = time.monotonic() + MACHINE_PATIENCE
    while True:
        busy = psutil.cpu_percent(MACHINE_SECONDS) / 100 * (psutil.cpu_count() or 1)
        if busy < MACHINE_SHARE or time.monotonic() > deadline:
            return busy < MACHINE_SHARE


def _wait(pids: list[int], patience: float) -> float:
    started = time.perf_counter()
    while pids and time.perf_counter() - started < patience:
        before = [cpu_seconds(pid) for pid in pids]
        time.sleep(QUIET_SECONDS)
        after = [cpu_seconds(pid) for pid in pids]
        burnt = [b - a for a, b in zip(before, after, strict=True) if a is not None and b is not None]
        if sum(burnt) < QUIET_SHARE * QUIET_SECONDS:
            break
    return time.perf_counter() - started
