"""The checks that nothing is timed in, asked of several backends of a checkpoint at the same time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from suite.pool import Stopped
from suite.selection import Planned

UNTIMED = {"conformance": "conformance", "accuracy": "answers"}
"""By check, what its worker is asked for."""


@dataclass(frozen=True)
class Ahead:
    """What a worker answered before it was needed, and the seconds that it took."""

    value: Any
    seconds: float

    def result(self) -> Any:
        """The answer, or the worker's end."""
        if isinstance(self.value, Stopped):
            raise self.value
        return self.value


def look_ahead(
    wanted: Sequence[Sequence[tuple[Planned, str]]], ask: Callable[[Planned, str], Any], at_once: int
) -> dict[tuple[str, str], Ahead]:
    """Ask each cell for its methods, in order, `at_once` cells at a time; by cell and method what came of it."""
    found: dict[tuple[str, str], Ahead] = {}

    def work(requests: Sequence[tuple[Planned, str]]) -> None:
        for entry, method in requests:
            started = time.perf_counter()
            try:
                value = ask(entry, method)
            except Stopped as stopped:
                value = stopped
            found[entry.cell.id, method] = Ahead(value, time.perf_counter() - started)

    if at_once == 1 or len(wanted) < 2:
        return found
    executor = ThreadPoolExecutor(at_once, thread_name_prefix="ahead")
    try:
        for done in [executor.submit(work, requests) for requests in wanted]:
            done.result()
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
    return found
