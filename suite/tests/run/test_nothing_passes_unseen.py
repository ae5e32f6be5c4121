"""Nothing passes that was not shown: exceptions in scoring, rows that are lost, and outputs that are not finite."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from suite.analysis.frames import cells_of
from suite.tests.conftest import Touchstone
from suite.tests.support.reporting_backends import reference_to

FAULTS = "suite.tests.support.faulty_backends:"
GROUP = "colour-naming/tiny-distilbert"

Register = Callable[[str, str], None]


@pytest.fixture(autouse=True)
def _only_eager(monkeypatch: pytest.MonkeyPatch) -> None:
    from suite.backends import REGISTRY

    for name in list(REGISTRY):
        if name != "eager":
            monkeypatch.delitem(REGISTRY, name)


def score_with(tasks: Path, body: str) -> None:
    """Let the task have this method of metrics, which run in pytest's own process."""
    task = tasks / "text" / "colour_naming.py"
    task.write_text(task.read_text() + f"\n    def metrics(self, answers, truths):\n        {body}\n")


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ("raise EOFError('the references differ in number')", "error", "EOFError: the references differ in number"),
        ("raise SystemExit(3)", "error", "SystemExit: 3"),
        (
            "raise type('Mute', (Exception,), {'__str__': lambda self: 1 / 0})()",
            "error",
            "Mute: its text cannot be had",
        ),
        ("return {'f1': 'high'}", "error", "ValueError: could not convert string"),
    ],
)
def test_whatever_scoring_raises_is_a_row(
    touchstone: Touchstone, tasks: Path, body: str, status: str, words: str
) -> None:
    score_with(tasks, body)
    result = touchstone.run("-k", "conformance or accuracy")
    result.assert_outcomes(passed=1, errors=1, deselected=1)
    assert result.ret == 6
    assert touchstone.statuses() == {("eager", "conformance"): "passed", ("eager", "accuracy"): status}
    assert words in touchstone.reasons()["eager", "accuracy"]
    cells = cells_of(touchstone.folder)
    assert (cells["status"].tolist(), cells["accuracy_check"].tolist()) == ([status], [status])
    if status == "error":
        assert "Traceback" in (touchstone.folder.path / "log.txt").read_text()


def test_a_lost_row_is_an_error_and_not_a_pass(touchstone: Touchstone) -> None:
    touchstone.run("-k", "conformance or accuracy").assert_outcomes(passed=2, deselected=1)
    record = touchstone.folder.path / "cells.jsonl"
    assert cells_of(touchstone.folder)["status"].tolist() == ["passed"]

    record.write_text("".join(line for line in record.read_text().splitlines(True) if '"accuracy",' not in line))
    (row,) = cells_of(touchstone.folder).to_dict("records")
    assert (row["status"], row["conformance"], row["accuracy_check"], row["latency"]) == (
        "error",
        "passed",
        "error",
        "",
    )
    assert "accuracy: it was selected and has no result" in row["reason"]
    assert f"--resume {touchstone.folder.name}" in row["reason"]

    record.write_text("")
    assert cells_of(touchstone.folder)["status"].tolist() == ["error"], "a cell of which no row is left"


@pytest.mark.parametrize("fault", ["NotFinite", "Overflows"])
def test_outputs_that_are_not_finite_fail_and_say_where(touchstone: Touchstone, register: Register, fault: str) -> None:
    register("faulty", FAULTS + fault)
    result = touchstone.run("-k", "faulty and not latency")
    result.assert_outcomes(failed=3, deselected=4)
    assert result.ret == 1
    assert set(touchstone.statuses().values()) == {"failed"}
    for reason in touchstone.reasons().values():
        assert reason.startswith("faulty gives numbers that are not finite in 1 of "), reason
        assert "for sample " in reason
        assert "(nan at position 0, value 0)" in reason
        assert ("float16 ends at 65,504" in reason) == (fault == "Overflows")
        assert "checkpoint" not in reason, "the backend alone is to blame"


def test_nothing_agrees_with_a_reference_that_is_not_finite(
    touchstone: Touchstone, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    from suite.backends import REGISTRY

    monkeypatch.setitem(REGISTRY, "eager", FAULTS + "NotFiniteReference")
    register("second", reference_to("second"))
    touchstone.run("-k", "second and (fidelity or accuracy)").assert_outcomes(failed=2, deselected=5)
    for reason in touchstone.reasons().values():
        assert "there is nothing to compare with: eager gives numbers that are not finite" in reason
