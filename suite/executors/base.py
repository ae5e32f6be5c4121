"""What reaches a cell's worker, wherever it runs."""

from __future__ import annotations

from typing import Any, Protocol

from suite.worker.messages import Spec


class Executor(Protocol):
    """Something that answers requests about one cell."""

    spec: Spec

    def ask(self, method: str, timeout: float, **arguments: Any) -> Any:
        """The result of `CellWorker.method`, or `RequestFailed`."""

    def close(self) -> None:
        """Let go of the model."""

    @property
    def pid(self) -> int | None:
        """The process that works, if it is another one."""
