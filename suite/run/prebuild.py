"""Exports and compilations, made before anything is measured and several at a time: nothing is timed meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed

from suite.core.outcome import RequestFailed
from suite.run.plan import Planned
from suite.worker.messages import Built


def jobs(entries: Iterable[Planned]) -> list[list[Planned]]:
    """What can be built at the same time; of one checkpoint's builds, one that starts from another comes after it."""
    grouped: dict[tuple[str, str], list[Planned]] = {}
    for entry in entries:
        if entry.backend.builds and entry.reason is None:
            grouped.setdefault((entry.cell.block, entry.backend.base or entry.backend.name), []).append(entry)
    return [sorted(group, key=lambda entry: entry.backend.base is not None) for group in grouped.values()]


def build_ahead(
    wanted: list[list[Planned]], build: Callable[[Planned], Built], at_once: int, tell: Callable[[str], None]
) -> dict[str, Built | RequestFailed]:
    """Build everything, `at_once` at a time; by cell what came of it. `tell` is told of each that had to be made."""
    made: dict[str, Built | RequestFailed] = {}

    def work(job: list[Planned]) -> list[Planned]:
        for entry in job:
            try:
                made[entry.cell.id] = build(entry)
            except RequestFailed as stopped:
                made[entry.cell.id] = stopped
        return job

    executor = ThreadPoolExecutor(at_once, thread_name_prefix="build")
    try:
        for done, future in enumerate(as_completed([executor.submit(work, job) for job in wanted]), 1):
            for entry in future.result():
                result = made[entry.cell.id]
                if isinstance(result, Built) and result.build_s:
                    tell(f"built {entry.cell.id} in {result.build_s:.0f} s ({done} of {len(wanted)})")
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
    return made
