"""The rows of a run: on the disk at once, read back whole, joined into one row per cell."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from suite.core.cell import WORST_FIRST, Cell, Status, worst
from suite.core.errors import UsageError
from suite.core.outcome import Outcome
from suite.core.rounds import Round, Rounds
from suite.records.columns import CELL_COLUMNS, join
from suite.records.run_folder import RunFolder, read_lines
from suite.run.recorder import Recorder

CELL = Cell(
    "colour-naming", "text", "tiny", "nobody/tiny", "0" * 40, "miniature", "TinyModel", "eager", "cpu", "float32", 1, 1
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path / "results", "run")


def test_a_row_is_on_the_disk_at_once_and_comes_back(folder: RunFolder) -> None:
    fields = {"accuracy": 0.5, "chance": float("nan"), "max_abs_diff": float("inf"), "metrics": {"f1": 0.25}}
    row = folder.append(CELL, "accuracy", Status.PASSED, "naïve", fields)
    text = (folder.path / "cells.jsonl").read_text(encoding="utf-8")
    assert text.endswith("\n")
    assert json.loads(text) == row == folder.rows()[0]
    assert row["run"] == "run"
    assert row["cell"] == "colour-naming/tiny/eager"
    assert row["backend"] == "eager"
    assert "chance" not in row, "JSON has no NaN"
    assert "max_abs_diff" not in row
    assert "naïve" in text


def test_of_rows_for_the_same_check_the_last_counts(folder: RunFolder) -> None:
    folder.append(CELL, "latency", Status.UNSTABLE, "noise", {})
    folder.append(CELL, "accuracy", Status.PASSED, "", {})
    folder.append(CELL, "latency", Status.PASSED, "", {})
    assert {row["check"]: row["status"] for row in folder.rows()} == {"latency": "passed", "accuracy": "passed"}
    assert len(list(read_lines(folder.path / "cells.jsonl"))) == 3


@pytest.mark.parametrize("cut", [1, 20])
def test_a_line_cut_short_is_passed_over_and_not_continued(folder: RunFolder, cut: int) -> None:
    folder.append(CELL, "conformance", Status.PASSED, "", {})
    folder.append(CELL, "accuracy", Status.PASSED, "", {})
    file = folder.path / "cells.jsonl"
    os.truncate(file, file.stat().st_size - cut - 1)
    assert [row["check"] for row in folder.rows()] == ["conformance"]
    folder.append(CELL, "latency", Status.PASSED, "", {})
    assert [row["check"] for row in folder.rows()] == ["conformance", "latency"]


def test_foreign_lines_are_passed_over(folder: RunFolder) -> None:
    (folder.path / "samples.jsonl").write_bytes(b'[1]\n\xff\xfe\n\n{"cell": "a", "cycle": 0, "latency_ms": []}\n')
    assert folder.rounds() == [{"cell": "a", "cycle": 0, "latency_ms": []}]
    assert folder.rows() == []


def test_a_row_that_could_not_be_read_back_is_not_written(folder: RunFolder) -> None:
    for fields in ({"accuracy": "high"}, {"samples": 0.5}, {"notes": {"a": object()}}, {"latency_calls": 2**70}):
        with pytest.raises(ValueError, match=r".+"):
            folder.append(CELL, "accuracy", Status.PASSED, "", fields)
    assert folder.rows() == []
    outcome = Recorder(folder).write(CELL, "accuracy", Outcome(Status.PASSED, "", {"accuracy": "high"}), {})
    assert outcome.status is Status.ERROR
    (row,) = folder.rows()
    assert (row["status"], row["reason"]) == ("error", outcome.reason)
    assert outcome.reason.startswith("its result cannot be recorded")


def test_metrics_that_have_no_value_are_left_out(folder: RunFolder) -> None:
    folder.append(CELL, "accuracy", Status.PASSED, "", {"metrics": {"auc": float("nan"), "f1": 0.5}})
    assert folder.rows()[0]["metrics"] == {"f1": 0.5}
    assert "NaN" not in (folder.path / "cells.jsonl").read_text()


def test_a_selection_grows_with_every_session(folder: RunFolder) -> None:
    other = replace(CELL, backend="int8")
    folder.append_selection({CELL: ["conformance", "accuracy"]})
    folder.append_selection({CELL: ["accuracy", "latency"], other: ["latency"]})
    folder.append_selection({other: ["latency"]}, left_out=True)
    with (folder.path / "selected.jsonl").open("a") as file:
        file.write('{"cell": "a/b/c", "checks": ["beauty"]}\nnull\n{"cell"')
    assert {row["cell"]: row["checks"] for row in folder.selection()} == {
        CELL.id: ["conformance", "accuracy", "latency"], other.id: [],
    }  # fmt: skip


def test_a_selected_check_without_a_row_is_an_error(folder: RunFolder) -> None:
    other = replace(CELL, backend="int8")
    folder.append_selection({CELL: ["conformance", "accuracy"], other: ["latency"]})
    folder.append(CELL, "conformance", Status.PASSED, "", {})
    whole, unseen = join(folder.rows(), folder.selection())
    assert (whole["status"], whole["conformance"], whole["accuracy_check"]) == ("error", "passed", "error")
    assert (unseen["cell"], unseen["status"], unseen["latency"], unseen["dtype"]) == (
        other.id,
        "error",
        "error",
        "float32",
    )
    folder.append(CELL, "accuracy", Status.FAILED, "lost", {})
    assert join(folder.rows(), folder.selection())[0]["status"] == "failed"


def test_rounds_bear_run_and_cell(folder: RunFolder) -> None:
    folder.append_rounds(CELL, [{"cycle": 0, "latency_ms": [1.0]}, {"cycle": 1, "latency_ms": [2.0]}])
    assert folder.rounds() == [
        {"run": "run", "cell": CELL.id, "cycle": cycle, "latency_ms": [cycle + 1.0]} for cycle in (0, 1)
    ]


def test_rounds_of_a_cell_that_is_measured_again_take_the_place_of_the_old(folder: RunFolder) -> None:
    other = replace(CELL, backend="int8")
    folder.append_rounds(CELL, [{"cycle": cycle, "latency_ms": [1.0]} for cycle in range(3)])
    folder.append_rounds(other, [{"cycle": 0, "latency_ms": [5.0]}])
    folder.append_rounds(CELL, [{"cycle": cycle, "latency_ms": [2.0]} for cycle in range(2)])
    kept = [(row["cell"], row["cycle"], row["latency_ms"]) for row in folder.rounds()]
    assert sorted(kept) == sorted([(CELL.id, 0, [2.0]), (CELL.id, 1, [2.0]), (other.id, 0, [5.0])])


def test_a_new_series_is_what_is_replayed_also_one_without_a_round(folder: RunFolder) -> None:
    def timed(seconds: float, count: int) -> Rounds:
        rounds = [Round([seconds], [], 0, 0.0, 0.0, None, 1.0, None) for _ in range(count)]
        return Rounds(rounds, [(cycle, 0) for cycle in range(count)])

    Recorder(folder).write_rounds(CELL, timed(1.0, 3))
    folder.append(CELL, "latency", Status.PASSED, "", {})
    second = Recorder(folder)
    second.write_rounds(CELL, timed(2.0, 2))
    replayed = Recorder(folder).earlier(CELL, "latency")
    assert replayed is not None
    assert replayed.durations == [2.0, 2.0]
    second.write_rounds(CELL, Rounds())  # its worker died
    assert [call for row in folder.rounds() for call in row["latency_ms"]] == []


def test_a_full_disk_costs_no_row_that_was_there(small_disk: Path) -> None:
    folder = RunFolder.create(small_disk, "run")
    for i in range(20):
        folder.append(replace(CELL, backend=f"backend-{i}"), "latency", Status.PASSED, "x" * 1000, {})
    with pytest.raises(UsageError, match=r"No space left on device.*--resume run"):
        folder.append(CELL, "latency", Status.PASSED, "x" * 100_000, {})
    assert [row["backend"] for row in folder.rows()] == [f"backend-{i}" for i in range(20)]


def test_two_runs_of_one_name(tmp_path: Path) -> None:
    first, second = (RunFolder.create(tmp_path, "run") for _ in range(2))
    assert (first.name, second.name) == ("run", "run-1")


def test_conditions_are_replaced_whole(folder: RunFolder) -> None:
    with pytest.raises(UsageError, match="not the folder of a run"):
        folder.conditions()
    folder.write_conditions({"seed": 0})
    folder.write_conditions({"seed": 1})
    assert folder.conditions() == {"seed": 1}
    assert [path.name for path in folder.path.iterdir()] == ["run.json"]


def test_the_join_has_one_row_per_cell_with_the_worst_status(folder: RunFolder) -> None:
    folder.append(CELL, "conformance", Status.PASSED, "", {"wall_s": 1.0, "load_s": 0.5})
    folder.append(CELL, "accuracy", Status.FAILED, "lost", {"wall_s": 2.0, "metrics": {"f1": 0.5}})
    folder.append(CELL, "latency", Status.TIMEOUT, "slow", {"wall_s": 4.0})
    (joined,) = join(folder.rows())
    assert tuple(joined) == CELL_COLUMNS
    wanted: Mapping[str, Any] = {
        "status": "failed", "reason": "lost", "conformance": "passed", "accuracy_check": "failed", "latency": "timeout",
        "fidelity": None, "accuracy": None, "wall_s": 7.0, "load_s": 0.5, "metrics": '{"f1": 0.5}', "notes": "",
    }  # fmt: skip
    assert {key: joined[key] for key in wanted} == wanted


def test_every_status_has_a_place_among_the_worst() -> None:
    assert sorted(WORST_FIRST) == sorted(Status)
    assert worst([Status.UNSUPPORTED, Status.PASSED]) is Status.PASSED
    assert worst([Status.PASSED, Status.UNSTABLE, Status.KNOWN_FAILURE]) is Status.UNSTABLE
    assert worst([Status.ERROR, Status.FAILED, Status.OOM]) is Status.FAILED


@pytest.mark.parametrize(("label", "kept"), [("\ud800 odd", "\\ud800 odd"), (os.fsdecode(b"caf\xe9"), "caf\\xe9")])
def test_what_is_not_utf_8_costs_no_row(folder: RunFolder, label: str, kept: str) -> None:
    folder.append(CELL, "accuracy", Status.FAILED, f'it says "{label}"', {"metrics": {label: 1.0}})
    folder.append_example({"example": label, "verdict": "works", "sentence": ""})
    (row,) = folder.rows()
    assert row["reason"] == f'it says "{kept}"'
    assert row["metrics"] == {kept: 1.0}
    assert folder.examples() == [{"run": "run", "example": kept, "verdict": "works", "sentence": ""}]


def test_one_session_writes_at_a_time(folder: RunFolder) -> None:
    folder.lock()
    second = RunFolder(folder.path)
    with pytest.raises(
        UsageError, match=rf"Another session \(process {os.getpid()}, since 20.*\) is writing to the run"
    ):
        second.lock()
    second.unlock()  # it holds nothing
    with pytest.raises(UsageError, match="Another session"):
        RunFolder(folder.path).lock()
    folder.unlock()
    assert [path.name for path in folder.path.iterdir()] == []
    second.lock()
    second.unlock()


def test_a_lock_dies_with_its_process(folder: RunFolder) -> None:
    code = (
        "import sys, time; from pathlib import Path; from suite.records.run_folder import RunFolder; "
        "folder = RunFolder(Path(sys.argv[1])); folder.lock(); print('locked', flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(folder.path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        with pytest.raises(UsageError, match=rf"process {process.pid}, since"):
            folder.lock()
        process.kill()
    folder.lock()
    folder.unlock()
