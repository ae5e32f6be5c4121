"""A cell's worker in this very process, for a debugger."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from suite.core.cell import Status
from suite.core.errors import TouchstoneError
from suite.core.outcome import RequestFailed
from suite.worker.cell_worker import CellWorker
from suite.worker.failures import failure
from suite.worker.messages import Request, Spec


def _unheard(text: str) -> None:
    """Until somebody listens."""


class InProcessExecutor:
    """A cell's worker in this very process, for a debugger: what nobody foresaw is raised as it is."""

    pid = None

    def __init__(self, spec: Spec) -> None:
        self._worker = CellWorker(spec)
        self.listen(_unheard)

    def ask(self, method: str, timeout: float, **arguments: Any) -> Any:  # noqa: ARG002 - nothing to interrupt
        """Answer at once."""
        try:
            return self._worker.answer(Request(method, arguments))
        except TouchstoneError as error:
            reply = failure(error)
            raise RequestFailed(Status(reply.kind), reply.value) from error

    def listen(self, told: Callable[[str], None]) -> None:
        """Let `told` hear how far a long answer is."""
        self._worker.tell = told

    def pause(self) -> None:
        """Nothing else runs in this process."""

    def resume(self) -> None:
        """Nothing was paused."""

    def kill(self) -> None:
        """Nothing to end."""

    def close(self) -> None:
        """Drop the model."""
        del self._worker
