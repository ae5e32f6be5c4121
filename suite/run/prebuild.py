"""Exports and compilations, made in processes of their own: before anything is measured, or as a cell needs them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed

from suite.core.outcome import RequestFailed
from suite.executors.base import Executor
from suite.run.plan import Planned
from suite.worker.messages import Built


class Builds:
    """The builds of a run. `start` starts a worker for a cell: another than the one that is measured, so that peak
    memory means the model.
    """

    def __init__(self, start: Callable[[Planned], Executor], timeout: float) -> None:
        self._start, self._timeout = start, timeout
        self._results: dict[str, Built | RequestFailed] = {}
        self._builders: set[Executor] = set()

    def get(self, entry: Planned) -> Built | None:
        """The build that a cell loads, made if need be; None where its backend builds nothing.

        Raises:
            RequestFailed: it cannot be built.
        """
        if not entry.backend.builds:
            return None
        result = self._results.get(entry.cell.id)
        if isinstance(result, RequestFailed):
            raise result
        return result or self._build(entry)

    def build_all(self, entries: Iterable[Planned], at_once: int, report: Callable[[str], None]) -> None:
        """Make what these cells load, `at_once` at a time; `report` gets a line for each that had to be made."""
        try:
            self._results = build_all(jobs(entries), self._build, at_once, report)
        except BaseException:
            for builder in list(self._builders):
                builder.close()
            raise

    def _build(self, entry: Planned) -> Built:
        builder = self._start(entry)
        self._builders.add(builder)
        try:
            built: Built = builder.ask("build", self._timeout)
            return built
        finally:
            self._builders.discard(builder)
            builder.close()


def jobs(entries: Iterable[Planned]) -> list[list[Planned]]:
    """What can be built at the same time; of one checkpoint's builds, one that starts from another comes after it."""
    grouped: dict[tuple[str, str], list[Planned]] = {}
    for entry in entries:
        if entry.backend.builds and entry.reason is None:
            grouped.setdefault((entry.cell.group, entry.backend.base or entry.backend.name), []).append(entry)
    return [sorted(group, key=lambda entry: entry.backend.base is not None) for group in grouped.values()]


def build_all(
    batches: list[list[Planned]], build: Callable[[Planned], Built], at_once: int, report: Callable[[str], None]
) -> dict[str, Built | RequestFailed]:
    """Build everything, `at_once` at a time: the build of each cell, or why there is none."""
    results: dict[str, Built | RequestFailed] = {}

    def work(job: list[Planned]) -> list[Planned]:
        for entry in job:
            try:
                results[entry.cell.id] = build(entry)
            except RequestFailed as failure:
                results[entry.cell.id] = failure
        return job

    pool = ThreadPoolExecutor(at_once, thread_name_prefix="build")
    try:
        for done, future in enumerate(as_completed([pool.submit(work, job) for job in batches]), 1):
            for entry in future.result():
                result = results[entry.cell.id]
                if isinstance(result, Built) and result.build_s:
                    report(f"built {entry.cell.id} in {result.build_s:.0f} s ({done} of {len(batches)})")
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    return results
