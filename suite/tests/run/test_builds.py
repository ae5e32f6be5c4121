"""What is built as a cell needs it: once, with a line for whoever waits, and at its own cost alone."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from suite.backends import get_backend
from suite.core.cell import Status
from suite.core.outcome import RequestFailed
from suite.run.builds import Builds
from suite.tests.support.synthetic_run import cell
from suite.worker.messages import Built


def planned(backend: str) -> Any:
    found = get_backend(backend)
    return SimpleNamespace(cell=cell(checkpoint="a", backend=backend), backend=found, builds=found.builds, reason=None)


class Builder:
    """A worker that builds, in so many seconds."""

    def __init__(self, entry: Any, seconds: float, journal: list[str]) -> None:
        self.entry, self.seconds, self.journal = entry, seconds, journal

    def ask(self, method: str, timeout: float, threads: int) -> Built:
        self.journal.append(f"{method} on {threads}" if threads > 1 else method)
        if self.seconds < 0:
            raise RequestFailed(Status.ERROR, "it has no graph")
        return Built(self.entry.cell.backend, self.seconds)

    def listen(self, told: Any) -> None:
        self.told = told

    def close(self) -> None:
        self.journal.append("close")


def builds(seconds: float) -> tuple[Builds, list[str], list[str]]:
    journal: list[str] = []
    lines: list[str] = []
    start: Any = lambda entry: Builder(entry, seconds, journal)  # noqa: E731
    return Builds(start, 10, lines.append), journal, lines


def test_a_build_is_made_once_and_told() -> None:
    made, journal, lines = builds(3.0)
    first, second = made.get(planned("onnx")), made.get(planned("onnx"))
    assert first == second == Built("onnx", 3.0)
    assert journal == ["build", "close"]
    assert len(lines) == 1
    assert made.get(planned("eager")) is None


def test_what_was_there_already_is_not_worth_a_line() -> None:
    made, _, lines = builds(0.0)
    made.get(planned("onnx"))
    assert lines == []


def test_what_cannot_be_built_is_not_tried_again() -> None:
    made, journal, _ = builds(-1.0)
    for _ in range(2):
        with pytest.raises(RequestFailed, match="no graph"):
            made.get(planned("onnx"))
    assert journal == ["build", "close"]


def test_a_training_is_given_its_share_of_the_cores() -> None:
    made, journal, _ = builds(3.0)
    made.get(planned("onnx"), 4)
    assert journal == ["build on 4", "close"]
