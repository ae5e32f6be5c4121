"""Several --model on the same --samples: compared in terminal and record, from any folder, and once after --resume."""

from __future__ import annotations

import csv
import json
import shutil
import sys
from pathlib import Path

import pytest

from suite.core.files import project_root
from suite.records.run_folder import RunFolder, read_lines
from suite.report import write_report
from suite.tests.conftest import Touchstone
from suite.tests.support.tiny import CAPABILITY, make_checkpoint

ACCURACY = ("--capability", CAPABILITY, "--backend", "eager", "-k", "accuracy")


@pytest.fixture
def models(touchstone: Touchstone) -> tuple[str, str]:
    """Two checkpoints of one name: one whose answers are the truths, and one drawn otherwise."""
    here = touchstone.pytester.path
    shutil.copytree(touchstone.tasks / "miniatures" / "shipped" / "tiny", here / "first" / "last")
    rows = json.loads((touchstone.tasks / "samples.json").read_text())
    make_checkpoint(here / "second" / "last", [text for text, _ in rows], seed=1)
    with (here / "own.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["input", "truth", "slice"])
        writer.writerows([text, truth, "long" if len(text.split()) > 3 else "short"] for text, truth in rows)
    return str(here / "first" / "last"), str(here / "second" / "last")


def test_models_of_one_name_are_compared(touchstone: Touchstone, models: tuple[str, str]) -> None:
    given = [word for model in models for word in ("--model", model)]
    result = touchstone.run(*given, "--samples", "own.csv", *ACCURACY)
    text = " ".join(result.stdout.str().split())
    assert f"models on {CAPABILITY}" in text
    assert "On eager, first--last is better than second--last: 1.000 against 0." in text
    assert "on the same 120 samples (first--last alone is right on" in text
    sheets = touchstone.folder.answers()
    assert sorted(sheets) == [f"{CAPABILITY}/{name}--last/eager" for name in ("first", "second")]
    first, second = sheets.values()
    assert first.questions == second.questions, "the samples are kept once, for both"
    assert first.one_label
    assert set(first.slices) == {"long", "short"}
    assert sum(first.scores or []) == 120
    assert len(list(read_lines(touchstone.folder.path / "questions.jsonl"))) == 1


def test_a_cell_that_is_measured_again_supersedes_its_answers(touchstone: Touchstone, models: tuple[str, str]) -> None:
    given = ["--model", models[0], "--model", models[1], "--samples", "own.csv", *ACCURACY]
    touchstone.run(*given)
    folder = touchstone.folder
    before = folder.answers()
    rows = [row for row in read_lines(folder.path / "cells.jsonl") if "second" not in row["cell"]]
    (folder.path / "cells.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))  # killed before the row
    touchstone.run(*given, "--resume=latest")
    assert touchstone.folder.name == folder.name
    assert len(list(read_lines(folder.path / "answers.jsonl"))) == 3
    assert folder.answers() == before
    assert len(list(read_lines(folder.path / "questions.jsonl"))) == 1
    touchstone.run(*given, "--resume=latest")
    assert len(list(read_lines(folder.path / "answers.jsonl"))) == 3, "nothing was missing"
    page = write_report([folder.path], folder.path).read_text()
    assert page.count("first--last is better than second--last") == 1


@pytest.mark.parametrize("where", ["an empty folder", "a project of the user's own"])
def test_from_another_folder_with_the_home_directory(
    touchstone: Touchstone, models: tuple[str, str], monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    pytester = touchstone.pytester
    monkeypatch.setenv("HOME", str(pytester.path))
    monkeypatch.setenv("PYTHONPATH", str(project_root()))
    elsewhere = pytester.mkdir("elsewhere")
    if where != "an empty folder":
        (elsewhere / "pytest.ini").write_text("[pytest]\ntestpaths = tests\n")
        (elsewhere / "tests").mkdir()
        (elsewhere / "tests" / "test_own.py").write_text("def test_own():\n    raise SystemExit(9)\n")
    monkeypatch.chdir(elsewhere)
    words = ["--model=~/first/last", "--model=~/second/last", "--samples=~/own.csv", f"--tasks={touchstone.tasks}"]
    result = pytester.run(sys.executable, "-m", "pytest", *words, "--threads=1", *ACCURACY)
    result.stdout.fnmatch_lines([f"*models on {CAPABILITY}*"])
    assert len(RunFolder((elsewhere / "results" / "latest").resolve()).answers()) == 2
    assert (elsewhere / "results" / "latest" / "report.html").is_file()
    if where != "an empty folder":
        assert pytester.run(sys.executable, "-m", "pytest", "-q").ret != 0, "without --model its own tests run as ever"


def test_the_same_folder_named_twice_is_one_model(touchstone: Touchstone, models: tuple[str, str]) -> None:
    link = Path(models[0]).parent / "best"
    link.symlink_to("last")
    result = touchstone.run("--model", models[0], "--model", str(link), *ACCURACY, "--co", "-q")
    result.stdout.fnmatch_lines([f"*test_accuracy?{CAPABILITY}/last/eager?"])
    assert "best" not in result.stdout.str()


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ('{"input": "red", "truth": null}', "*--samples * line 1 has a truth that is null: without the right answer*"),
        ('{"input": "red", "truth": "ONE", "slice": {}}', "*neither a name nor a list of names*"),
    ],
)
def test_samples_that_cannot_be_used_are_explained(
    touchstone: Touchstone, models: tuple[str, str], line: str, sentence: str
) -> None:
    (touchstone.pytester.path / "own.jsonl").write_text(line)
    result = touchstone.run("--model", models[0], "--samples", "own.jsonl", *ACCURACY)
    assert result.ret == 4
    result.stderr.fnmatch_lines([sentence])
