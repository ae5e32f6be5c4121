"""Exports and compilations, made in processes of their own as the checks come to need them."""

from __future__ import annotations

from collections.abc import Callable

from suite.core.outcome import RequestFailed
from suite.executors.base import Executor
from suite.run.plan import Planned
from suite.worker.messages import Built


class Builds:
    """The builds of a run. `start` starts a worker for a cell: another than the one that is measured, so that peak
    memory means the model. `report` gets a line for each build that had to be made.
    """

    def __init__(self, start: Callable[[Planned], Executor], timeout: float, report: Callable[[str], None]) -> None:
        self._start, self._timeout, self._report = start, timeout, report
        self._results: dict[str, Built | RequestFailed] = {}

    def get(self, entry: Planned, threads: int = 1) -> Built | None:
        """The build that a cell loads, made if need be; None where its backend builds nothing.

        A training computes on so many `threads`, since others are at work beside it; what is exported or compiled keeps
        the number of the run.

        Raises:
            RequestFailed: it cannot be built.
        """
        if not entry.builds:
            return None
        name = entry.cell.id
        if name not in self._results:
            try:
                self._results[name] = self._build(entry, threads)
            except RequestFailed as failure:
                self._results[name] = failure
        result = self._results[name]
        if isinstance(result, RequestFailed):
            raise result
        return result

    def _build(self, entry: Planned, threads: int) -> Built:
        builder = self._start(entry)
        builder.listen(lambda text: self._report(f"{entry.cell.id}: {text}"))
        try:
            built: Built = builder.ask("build", self._timeout, threads=threads)
        finally:
            builder.close()
        if built.build_s:
            self._report(f"built {entry.cell.id} in {built.build_s:.0f} s")
        return built
