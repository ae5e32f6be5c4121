"""What is built before anything is measured."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from suite.backends import REGISTRY, get_backend
from suite.core.cell import Status
from suite.core.outcome import RequestFailed
from suite.run.prebuild import build_all, jobs
from suite.tests.support.synthetic_run import cell
from suite.worker.messages import Built


def planned(checkpoint: str, backend: str, reason: str | None = None) -> Any:
    return SimpleNamespace(
        cell=cell(checkpoint=checkpoint, backend=backend), backend=get_backend(backend), reason=reason
    )  # fmt: skip


def test_what_starts_from_another_comes_after_it_and_the_rest_is_apart() -> None:
    found = jobs(planned(checkpoint, backend) for checkpoint in "ab" for backend in reversed(REGISTRY))
    names = [[entry.cell.backend for entry in job] for job in found]
    assert sorted(names) == [["compile"]] * 2 + [["onnx", "onnx-int8"]] * 2
    assert jobs([planned("a", "onnx", reason="there is no exporter")]) == []


def test_two_are_built_at_a_time_and_each_is_told() -> None:
    together = threading.Barrier(2, timeout=20)
    lines: list[str] = []

    def build(entry: Any) -> Built:
        together.wait()
        return Built(entry.cell.backend, 1.0)

    made = build_all(jobs([planned("a", "compile"), planned("a", "onnx")]), build, 2, lines.append)
    assert {result.name for result in made.values() if isinstance(result, Built)} == {"compile", "onnx"}
    assert len(lines) == 2


def test_what_cannot_be_built_costs_itself_alone() -> None:
    def build(entry: Any) -> Built:
        if entry.cell.backend == "onnx":
            raise RequestFailed(Status.ERROR, "it has no graph")
        return Built("somewhere", 0.0)

    lines: list[str] = []
    made = build_all(jobs([planned("a", "onnx"), planned("a", "onnx-int8")]), build, 1, lines.append)
    assert [type(result).__name__ for result in made.values()] == ["RequestFailed", "Built"]
    assert lines == [], "what was there already is not worth a line"


def test_an_unforeseen_error_is_not_swallowed() -> None:
    def build(entry: Any) -> Built:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        build_all(jobs([planned("a", "onnx")]), build, 1, print)
