"""The soak counts what it is there to count; killing real runs is done by hand."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from suite.benchmarks.soak import Counts, Killed, _measured
from suite.core.cell import Status
from suite.records.run_folder import LOCK, RunFolder
from suite.tests.support.synthetic_run import cell


@pytest.fixture
def killed(tmp_path: Path) -> Killed:
    return Killed(tmp_path / "place", Counts(), random.Random(0), lambda _: None)


def test_rows_that_are_lost_or_there_twice_are_counted(killed: Killed, tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path, "run")
    run.append(cell(), "accuracy", Status.ERROR, "killed", {})
    run.append(cell(), "accuracy", Status.PASSED, "", {})
    before = _measured(run.path)
    assert before == Counter({(cell().id, "accuracy"): 1}), "what could not be measured is measured again"
    killed.compare(before, before)
    assert killed.counts.is_clean
    run.append(cell(), "accuracy", Status.PASSED, "", {})
    killed.compare(before + Counter({("another", "row"): 1}), _measured(run.path))
    assert (killed.counts.rows_lost, killed.counts.rows_doubled) == (1, 1)
    killed.note("worker", 1.0)
    assert killed.counts.lines()[:3] == ["   1 of killed: worker", "rows lost:      1", "rows doubled:   1"]


def test_folders_that_are_left_are_counted_once(killed: Killed, tmp_path: Path) -> None:
    killed.count_folders(tmp_path)
    assert killed.counts.is_clean
    (killed.temporary / "touchstone-a").mkdir()
    (tmp_path / LOCK).touch()
    killed.count_folders(tmp_path)
    killed.count_folders(tmp_path)
    assert killed.counts.folders_left == 2
