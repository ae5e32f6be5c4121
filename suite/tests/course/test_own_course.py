"""The suite's own course, and the same calls as they were written for transformers 4: their verdicts in a real run."""

from __future__ import annotations

import csv
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from suite.course.documents.reader import read_document
from suite.course.sandbox import outer_wall
from suite.task import discovery

REASON = outer_wall.missing()
walled = pytest.mark.skipif(REASON is not None, reason=f"there are no walls here: {REASON}")

OWN = discovery.tasks_root() / "examples"
GENERATION = version("transformers").partition(".")[0]
GOLDEN = OWN / "classic" / f"verdicts-transformers{GENERATION}.csv"
COLUMNS = ("example", "verdict", "removed_name", "removed_in", "replacement")
BEYOND_COURSES = {"apis", "apps", "embeddings", "fine-tuning", "lora"}


def run_course(folder: Path, *course: str) -> list[dict[str, str]]:
    """The rows of a course, run as a maintainer runs it. Examples get time enough for a crowded machine."""
    options = ("--results=results", "--example-timeout=150", "-q")
    command = [sys.executable, "-m", "suite", "course", *course, *options]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    written = folder / "results" / "latest" / "examples.csv"
    assert written.is_file(), ended.stdout + ended.stderr
    with written.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_capability_has_a_page() -> None:
    capabilities = set(discovery.load_tasks(discovery.tasks_root()))
    assert {page.stem for page in OWN.glob("*.md")} == capabilities | BEYOND_COURSES


@pytest.mark.parametrize("page", sorted(OWN.glob("*.md")), ids=lambda page: page.stem)
def test_a_page_is_short_and_shows_what_comes_out(page: Path) -> None:
    examples = read_document(page, page.name).examples
    assert len(examples) >= 3
    assert any(example.expected for example in examples)


def test_the_own_course_alone_holds_no_older_forms(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_inprocess("-p", "suite.plugin", "-p", "no:cacheprovider", "--course", "--co", "-q")
    documents = {line.partition(":")[0] for line in result.outlines if ".md:" in line}
    assert documents == {page.name for page in OWN.glob("*.md")}


@walled
@pytest.mark.skipif(GENERATION != "5", reason="the course is written for transformers 5")
def test_the_own_course_works(tmp_path: Path) -> None:
    rows = run_course(tmp_path)
    assert {row["example"]: row["sentence"] for row in rows if row["verdict"] != "works"} == {}
    assert len({row["document"] for row in rows}) == len([*OWN.glob("*.md")])


@walled
def test_the_verdicts_on_older_forms_are_the_golden_ones(tmp_path: Path) -> None:
    with GOLDEN.open(encoding="utf-8", newline="") as file:
        golden = list(csv.DictReader(file))
    rows = run_course(tmp_path, str(OWN / "classic"))
    assert [{column: row[column] for column in COLUMNS} for row in rows] == golden
