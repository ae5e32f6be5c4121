"""What the timed calls are charged with."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from suite.checks import latency


def test_memory_is_given_back_before_it_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    journal: list[Any] = []

    def call() -> None:
        journal.append("call")

    monkeypatch.setattr("suite.measure.memory.reset_peak", lambda device: journal.append(f"count on {device}"))
    cell: Any = SimpleNamespace(
        timed_call=call, device="cpu", runnable=SimpleNamespace(give_back=lambda given: journal.append(given is call))
    )
    latency.warm_up(cell, 0.0)
    assert journal == [True, "count on cpu", "call", "call"]
