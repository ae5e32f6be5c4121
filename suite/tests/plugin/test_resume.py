"""`--resume`: what was measured is kept, what is missing is measured, other conditions are refused."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from suite.backends import REGISTRY
from suite.records.run_folder import read_lines
from suite.report import write_report
from suite.run.conditions import MUST_MATCH, differences
from suite.tests.conftest import Touchstone
from suite.tests.support.reporting_backends import reference_to
from suite.tests.support.tiny import make_checkpoint

Register = Callable[[str, str], None]

pytestmark = pytest.mark.usefixtures("noise_is_no_matter")


def lines(touchstone: Touchstone) -> list[dict[str, Any]]:
    return list(read_lines(touchstone.folder.path / "cells.jsonl"))


def test_only_what_is_missing_is_measured(
    touchstone: Touchstone, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in list(REGISTRY):
        if name != "eager":
            monkeypatch.delitem(REGISTRY, name)
    register("faulty", "suite.tests.support.faulty_backends:Raises")
    first = touchstone.run("-k", "conformance or latency")
    first.assert_outcomes(passed=2, errors=2, deselected=3)
    assert first.ret == 6
    before, rounds = lines(touchstone), touchstone.folder.rounds()
    name = touchstone.folder.name
    assert len(before) == 4
    with (touchstone.folder.path / "cells.jsonl").open("ab") as file:
        file.write(b'{"cell": "colour-naming/tiny-distilbert/eager", "check": "accur')  # a kill in the middle of a row

    register("faulty", reference_to("faulty"))
    second = touchstone.run("--resume=latest", "--benchmark-columns=median")
    second.assert_outcomes(passed=7)
    assert second.ret == 0
    assert touchstone.folder.name == name
    after = lines(touchstone)
    assert after[:4] == before
    assert Counter((row["backend"], row["check"]) for row in after[4:]) == {
        ("eager", "accuracy"): 1,
        **{("faulty", check): 1 for check in ("conformance", "fidelity", "accuracy", "latency")},
    }
    assert set(touchstone.statuses().values()) == {"passed"}
    eager = [row for row in rounds if row["cell"].endswith("/eager")]
    assert eager
    assert [row for row in touchstone.folder.rounds() if row["cell"].endswith("/eager")] == eager
    second.stdout.fnmatch_lines(["test_latency*/eager]*"])  # replayed to pytest-benchmark all the same

    third = touchstone.run("--resume", "-x")
    third.assert_outcomes(passed=7)
    assert lines(touchstone) == after, "nothing was missing"

    other = touchstone.run("--resume=latest", "--threads", "2", "--budget", "0.1")
    assert other.ret == 4
    other.stderr.fnmatch_lines(
        [
            f"ERROR: The run {name} cannot be continued, since threads was 1 and is 2; budget_s was 0.05 and is 0.1: "
            "start a new one without --resume."
        ]
    )
    assert lines(touchstone) == after

    write_report([touchstone.folder.path], touchstone.folder.path)
    for name_of_lines in ("cells.jsonl", "samples.jsonl"):
        (touchstone.folder.path / name_of_lines).unlink()
    baseline = touchstone.run("--resume", name)
    assert baseline.ret == 4
    baseline.stderr.fnmatch_lines(["ERROR: * holds a baseline, the table of a run without its lines, and cannot be *"])
    assert not lines(touchstone)


def test_another_model_of_the_same_name_is_refused(touchstone: Touchstone, tasks: Path) -> None:
    mine = touchstone.pytester.path / "mine"
    shutil.copytree(tasks / "miniatures" / "shipped" / "tiny", mine)
    arguments = ("--backend", "eager", "--model", str(mine), "-k", "conformance")
    touchstone.run(*arguments).assert_outcomes(passed=1, deselected=27)
    make_checkpoint(mine, ["red green", "blue large", "small round", "square bright", "dark heavy"], seed=1)
    result = touchstone.run("--resume=latest", *arguments)
    assert result.ret == 4
    result.stderr.fnmatch_lines(["ERROR: The run * since the files of colour-naming/mine have changed: *"])
    assert len(lines(touchstone)) == 1


@pytest.mark.parametrize("key", MUST_MATCH)
def test_every_condition_must_match(key: str) -> None:
    before = dict.fromkeys(MUST_MATCH, "same")
    assert differences(before, dict(before)) == []
    assert differences(before, {**before, key: "other"}) == [f"{key} was 'same' and is 'other'"]
    assert differences({k: v for k, v in before.items() if k != key}, before) == [f"{key} was None and is 'same'"]


def test_of_many_versions_only_those_that_differ_are_told() -> None:
    before = {"libraries": {"torch": "2", "numpy": "1", "onnx": "1"}, "device": "cpu", "load_before": [1.0]}
    now = {"libraries": {"torch": "3", "numpy": "1", "scipy": "1"}, "device": "cpu", "load_before": [2.0]}
    assert differences(before, now) == [
        "libraries onnx was '1' and is None",
        "libraries scipy was None and is '1'",
        "libraries torch was '2' and is '3'",
    ]
