"""Runs side by side: what changed between them, and why."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from suite.analysis.status_changes import side_by_side
from suite.cli.commands import main
from suite.course.report import COLUMNS
from suite.records.run_folder import RunFolder


@pytest.fixture
def runs(tmp_path: Path) -> list[Path]:
    """A course on two releases; the second lacks an example and fails another."""
    releases = [
        ("4.57.6", {"a.md:3": ("works", "it ran"), "a.md:9": ("works", "it ran"), "a.md:12": ("fragment", "no x")}),
        ("5.23.0", {"a.md:3": ("removed-api", "the task is gone | use another"), "a.md:12": ("fragment", "no x")}),
    ]
    folders = []
    for release, examples in releases:
        run = RunFolder.create(tmp_path / "results", release)
        run.write_conditions({"run": run.name, "libraries": {"transformers": release}})
        for name, (verdict, sentence) in examples.items():
            row = dict.fromkeys(COLUMNS, "") | {"example": name, "document": "a.md", "wall_s": 0.1}
            run.append_example(row | {"verdict": verdict, "sentence": sentence})
        folders.append(run.path)
    return folders


def test_what_changed_and_why(runs: list[Path]) -> None:
    comparison = side_by_side(runs)
    assert comparison.labels == ("transformers 4.57.6", "transformers 5.23.0")
    assert [(row.name, row.outcomes) for row in comparison.changed] == [("a.md:3", ("works", "removed-api"))]
    assert comparison.changed[0].why.startswith("the task is gone")
    assert comparison.capabilities() == {
        "a.md": ({"works": 2, "fragment": 1}, {"removed-api": 1, "not run": 1, "fragment": 1})
    }


def test_the_command_writes_both_tables(runs: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    results = runs[0].parent
    assert main(["report", "4.57.6", "5.23.0", "--results", str(results)]) == 0
    text = (results / "comparison" / "comparison.md").read_text()
    assert "| `a.md:3` | works | removed-api | the task is gone \\| use another; it ran |" in text
    with (results / "comparison" / "comparison.csv").open() as file:
        assert {row["name"]: row["changed"] for row in csv.DictReader(file)}["a.md:3"] == "True"
    assert "comparison.md" in capsys.readouterr().out


def test_one_run_of_a_course_is_written_again(runs: list[Path]) -> None:
    assert main(["report", "4.57.6", "--results", str(runs[0].parent)]) == 0
    assert "works" in (runs[0] / "course.md").read_text()
