"""What came of a check: its status, its sentence and its numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from suite.core.cell import Status


@dataclass(frozen=True)
class Outcome:
    """How a check of a cell ended: its status, a sentence where there is one, and the fields of its row.

    `durations` are the measured calls in seconds, for pytest-benchmark.
    """

    status: Status
    reason: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    durations: list[float] = field(default_factory=list)


class RequestFailed(Exception):  # noqa: N818 - an outcome, not a defect
    """A request that gave no result: its status, and the sentence why."""

    def __init__(self, status: Status, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason
