"""Lines and conditions that no run writes: passed over or refused in a sentence, by everything that reads a run."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from suite.analysis.frames import load
from suite.analysis.status_changes import write_changes
from suite.cli.commands import main
from suite.core.errors import UsageError
from suite.course.report import write_course
from suite.records.columns import join
from suite.records.run_folder import RunFolder
from suite.report import write_report
from suite.run.recorder import Recorder
from suite.tests.conftest import Touchstone
from suite.tests.support.synthetic_run import write_run

DEEP = "[" * 300 + "]" * 300
Make = Callable[[dict[str, Any]], str]


def without(key: str) -> Make:
    return lambda row: json.dumps({name: value for name, value in row.items() if name != key})


def with_value(key: str, value: str) -> Make:
    return lambda row: without(key)(row)[:-1] + f', "{key}": {value}}}'


NO_CELLS: dict[str, Make] = {
    "nothing": lambda row: "{}",
    "a list": lambda row: "[1]",
    "too deep to parse": lambda row: "[" * 100_000,
    **{f"no {key}": without(key) for key in ("run", "cell", "check", "status", "reason", "backend", "capability")},
    **{
        f"{key} {value[:20]}": with_value(key, value)
        for key, value in [
            ("status", '"splendid"'), ("status", "[]"), ("check", '"beauty"'), ("check", "{}"), ("run", "1"),
            ("cell", "null"), ("wall_s", '"long"'), ("wall_s", "NaN"), ("latency_p50_ms", "1e999"),
            ("threads", "1.5"), ("batch_size", "1" + "0" * 400), ("accuracy", "true"), ("metrics", "[]"),
            ("notes", '"none"'), ("notes", f'{{"a": {DEEP}}}'), ("modality", "[]"), ("reason", "null"),
        ]
    },
}  # fmt: skip
"""Lines that are not rows of cells, made from one that is."""
NO_ROUNDS = (
    "{}", '{"cell": 1, "cycle": 0, "latency_ms": [1.0]}', '{"cell": "a/b/c", "latency_ms": [1.0]}',
    '{"cell": "a/b/c", "cycle": 0, "latency_ms": ["1"]}', '{"cell": "a/b/c", "cycle": [], "latency_ms": [1.0]}',
    '{"cell": "a/b/c", "cycle": 0, "latency_ms": 1.0}', '{"cell": "a/b/c", "cycle": 0, "latency_ms": [1], "load": "x"}',
)  # fmt: skip
NO_ANSWERS = (
    "{}", '{"cell": "a/b/c", "sample": "0", "input": "", "truth": "", "answer": ""',
    '{"cell": "a/b/c", "sample": "0", "input": "", "truth": "", "answer": "", "picture": "../../secret.png"}',
    '{"cell": "a/b/c", "sample": "0", "input": "", "truth": "", "answer": "", "sound": "run.json"}',
)  # fmt: skip
NO_EXAMPLES = ("{}", '{"example": 1, "verdict": "works", "sentence": ""}', '{"example": "a", "verdict": "works"}')
WRONG_CONDITIONS = (
    "[]", "null", '"text"', "{", "\xff", "[" * 100_000, '{"libraries": []}', '{"libraries": {"torch": 2}}',
    '{"libraries": null}', '{"fingerprints": 1}', '{"cells": [[]]}', '{"cells": 3}', '{"run": 7}', '{"courses": "a"}',
    '{"unread": []}', f'{{"cpu": {DEEP}}}',
)  # fmt: skip


def add(run: Path, name: str, *lines: str) -> None:
    with (run / name).open("a", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return write_run(tmp_path / "results", capabilities=("sentiment-analysis",), backends=("eager", "onnx"), cycles=2)


@pytest.mark.parametrize("name", NO_CELLS)
def test_a_line_that_is_no_row_is_passed_over(run: Path, name: str) -> None:
    folder = RunFolder(run)
    before = folder.rows()
    cells, _, _ = load([run])
    add(run, "cells.jsonl", NO_CELLS[name](before[0] | {"cell": "sentiment-analysis/other/eager"}))
    assert folder.rows() == before
    assert len(join(folder.rows())) == 2
    Recorder(folder)
    assert load([run])[0].equals(cells)


def test_whatever_reads_a_run_does_so_in_spite_of_such_lines(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = Path(shutil.copytree(run, run.parent / "other"))
    row = RunFolder(run).rows()[0]
    add(run, "cells.jsonl", *(make(row) for make in NO_CELLS.values()))
    add(run, "samples.jsonl", *NO_ROUNDS)
    add(run, "exhibits.jsonl", *NO_ANSWERS)
    add(run, "examples.jsonl", *NO_EXAMPLES)
    assert RunFolder(run).rounds() == [{**row, "run": "run"} for row in RunFolder(other).rounds()]
    assert RunFolder(run).sample_answers() == RunFolder(run).examples() == []
    write_report([run], run)
    write_changes([run, other], run.parent / "comparison")
    assert main(["coverage", str(run), "--tasks", str(run / "none")]) == 4
    assert "tasks" in capsys.readouterr().err.lower()


def test_examples_of_another_kind_are_passed_over(run: Path) -> None:
    add(run, "examples.jsonl", '{"run": "run", "example": "a:1", "verdict": "works", "sentence": "", "wall_s": null}')
    add(run, "examples.jsonl", '{"run": "run", "example": "a:2", "verdict": "splendid", "sentence": ""}', *NO_EXAMPLES)
    write_course(run)
    assert (run / "course.md").read_text().startswith("# 1 examples")


def test_half_a_surrogate_pair_is_replaced(run: Path) -> None:
    row = RunFolder(run).rows()[0]
    add(run, "cells.jsonl", json.dumps(row | {"reason": "a\ud800b"}))
    assert "a?b" in [row["reason"] for row in RunFolder(run).rows()]
    write_report([run], run)


@pytest.mark.parametrize("text", WRONG_CONDITIONS)
def test_conditions_that_no_run_writes_are_refused(run: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    (run / "run.json").write_text(text, encoding="latin-1")
    with pytest.raises(UsageError, match=r"holds no readable run\.json|run\.json cannot be used, since the value of"):
        RunFolder(run).conditions()
    assert main(["report", str(run), str(run)]) == 4
    assert capsys.readouterr().err.startswith("ERROR: ")


@pytest.mark.parametrize("text", ["[]", '{"fingerprints": []}'])
def test_such_a_run_is_not_continued(touchstone: Touchstone, text: str) -> None:
    run = touchstone.pytester.path / "results" / "damaged"
    run.mkdir(parents=True)
    (run / "run.json").write_text(text)
    result = touchstone.run("--resume=damaged", "-k", "conformance and eager")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["ERROR: *run.json*"])
    assert [path.name for path in run.iterdir()] == ["run.json"]


def test_a_run_with_such_lines_is_continued(touchstone: Touchstone) -> None:
    arguments = ("-k", "eager and (conformance or accuracy)")
    touchstone.run(*arguments).assert_outcomes(passed=2, deselected=26)
    row = touchstone.folder.rows()[0]
    before = touchstone.statuses()
    add(touchstone.folder.path, "cells.jsonl", *(make(row) for make in NO_CELLS.values()))
    add(touchstone.folder.path, "samples.jsonl", *NO_ROUNDS)
    touchstone.run("--resume=latest", *arguments).assert_outcomes(passed=2, deselected=26)
    assert touchstone.statuses() == before
