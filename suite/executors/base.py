"""The protocol by which a cell's worker is reached, wherever it runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol


class Executor(Protocol):
    """Something that answers requests about one cell."""

    def ask(self, method: str, timeout: float, **arguments: Any) -> Any:
        """The worker's answer to a request, in `timeout` seconds; each word of how far it is begins them anew.

        Raises:
            RequestFailed: it had none.
        """

    def listen(self, told: Callable[[str], None]) -> None:
        """Let `told` hear how far a long answer is, in words."""

    def pause(self) -> None:
        """Stand still until `resume`, in the middle of an answer too; its time does not count meanwhile."""

    def resume(self) -> None:
        """Go on."""

    def kill(self) -> None:
        """End at once, in the middle of an answer too."""

    def close(self) -> None:
        """Let go of the model."""

    @property
    def pid(self) -> int | None:
        """The process that works, if it is another one."""
