"""The open workers of the checkpoint in turn: opened once, asked, replaced when they fail, and fitted into memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psutil

from suite.core.cell import Cell, Status
from suite.core.outcome import RequestFailed
from suite.executors.base import Executor
from suite.executors.gate import Gate
from suite.run.builds import Builds
from suite.run.plan import Planned
from suite.worker.messages import Built, Opened

ROOM_MB = 700.0
"""Memory that must stay free for another worker to be started beside those that live."""


@dataclass
class LiveWorker:
    """A worker whose model stands ready. `threads` is how many it computes on at the moment."""

    executor: Executor
    opened: Opened
    built: Built | None
    threads: int


class WorkersAlive:
    """The workers of one checkpoint group; each may use `threads`, which it shares with those of other groups while so
    many are checked `side_by_side`.
    """

    def __init__(
        self,
        start: Callable[[Planned], Executor],
        builds: Builds,
        gate: Gate,
        *,
        threads: int,
        side_by_side: int,
        timeout: float,
    ) -> None:
        self._start, self._builds, self._gate = start, builds, gate
        self._threads, self._timeout = threads, timeout
        self._shared_threads = max(1, threads // side_by_side)
        self._alive: dict[str, LiveWorker] = {}
        self._failures: dict[str, RequestFailed] = {}

    def executor(self, entry: Planned) -> Executor:
        """The executor of a cell, started and opened if need be.

        Raises:
            RequestFailed: it cannot be opened, now or at an earlier try.
        """
        return self._get(entry).executor

    def find(self, cell: Cell) -> LiveWorker | None:
        """The worker of a cell, if it is open."""
        return self._alive.get(cell.id)

    def ask(self, entry: Planned, request: str, *, timed: bool = False, **arguments: Any) -> Any:
        """The answer of a cell's worker; one that has none is ended, and the next request gets a new one.

        Raises:
            RequestFailed: it had no answer.
        """
        worker = self._get(entry)
        try:
            if not timed:
                self._use_threads(entry, worker, self._shared_threads)
                return worker.executor.ask(request, self._timeout, **arguments)
            with self._gate.alone():
                self._use_threads(entry, worker, self._threads)
                return worker.executor.ask(request, self._timeout, **arguments)
        except RequestFailed as failure:
            if failure.status is not Status.FAILED:  # an answer too: the model stands as it stood
                self.drop(entry.cell)
            raise

    @contextmanager
    def timing(self, entries: Sequence[Planned]) -> Iterator[None]:
        """Let nothing else be at work, and give every core to these cells."""
        with self._gate.alone():
            for entry in entries:
                self._use_threads(entry, self._get(entry), self._threads)
            yield

    def has_room(self) -> bool:
        """Whether another worker fits beside those that live, if it is as large as the largest of them."""
        largest = max((worker.opened.size_mb for worker in self._alive.values()), default=0.0)
        return psutil.virtual_memory().available / 1e6 > ROOM_MB + 2 * largest

    def drop(self, cell: Cell) -> None:
        """End a cell's worker; the next request gets a new one."""
        worker = self._alive.pop(cell.id, None)
        if worker:
            worker.executor.close()

    def close(self) -> None:
        """End every worker."""
        for worker in self._alive.values():
            worker.executor.close()
        self._alive.clear()
        self._failures.clear()

    def _get(self, entry: Planned) -> LiveWorker:
        name = entry.cell.id
        if name in self._failures:
            raise self._failures[name]
        if name not in self._alive:
            try:
                self._alive[name] = self._open(entry)
            except RequestFailed as failure:
                self._failures[name] = failure
                raise
        return self._alive[name]

    def _open(self, entry: Planned) -> LiveWorker:
        built = self._builds.get(entry, self._shared_threads)
        executor = self._start(entry)
        try:
            opened: Opened = executor.ask("open", self._timeout, build=built.name if built else None)
        except RequestFailed:
            executor.close()
            raise
        return LiveWorker(executor, opened, built, self._threads)

    def _use_threads(self, entry: Planned, worker: LiveWorker, threads: int) -> None:
        """Of what computes with torch as it is called; what was compiled or exported keeps its own number."""
        if entry.backend.family != "torch" or entry.backend.builds:
            return
        if threads != worker.threads:
            worker.executor.ask("use_threads", self._timeout, count=threads)
            worker.threads = threads
