"""Starts the workers of a run: one executor per cell, all forked from one forkserver."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from suite.backends import references
from suite.core.ownership import TemporaryFolder
from suite.core.settings import Settings
from suite.executors.base import Executor
from suite.executors.in_process import InProcessExecutor
from suite.executors.subprocess_executor import SubprocessExecutor
from suite.processes.forkserver import Forkserver
from suite.run.plan import Planned, preloads
from suite.task import discovery
from suite.worker.messages import Spec


class WorkerStarter:
    """Knows how a worker of this run is started. `planned` are all of its cells: what they use is preloaded."""

    def __init__(self, settings: Settings, planned: Iterable[Planned], log: Path) -> None:
        self._settings, self._planned, self._log = settings, list(planned), log
        self._forkserver: Forkserver | None = None
        self._scratch = TemporaryFolder()
        self.warnings: list[str] = []

    def warm(self) -> None:
        """Start the forkserver, once: several threads may ask for workers after that."""
        if self._forkserver is None and self._settings.isolate:
            settings = self._settings
            self._forkserver = Forkserver(
                preloads(self._planned), settings.threads, self._log, tasks=settings.task_folders
            )

    def start(self, entry: Planned) -> Executor:
        """A worker for a cell, with nothing loaded yet.

        Raises:
            RequestFailed: it could not be started.
        """
        spec = self._spec(entry)
        if not self._settings.isolate:
            return InProcessExecutor(spec)
        self.warm()
        assert self._forkserver is not None
        executor = SubprocessExecutor(spec, self._forkserver, self._log)
        if executor.preload_problem and not self.warnings:
            self.warnings.append(f"workers start slowly: {executor.preload_problem}")
        return executor

    def close(self) -> None:
        """Remove what the workers left for each other."""
        self._scratch.close()

    def _spec(self, entry: Planned) -> Spec:
        settings = self._settings
        return Spec(
            cell=entry.cell.id,
            capability=entry.task.name,
            tasks=discovery.folder_of(entry.task),
            source=entry.source,
            backend=references()[entry.backend.name],
            device=entry.cell.device,
            threads=entry.cell.threads,
            batch_size=entry.cell.batch_size,
            seed=settings.seed,
            samples=settings.samples,
            hub_data=settings.weights == "hub",
            train_samples=settings.train_samples,
            train_steps=settings.train_steps,
            shared=self._scratch.path,
            limit=settings.limit,
            generation=settings.generation,
        )
