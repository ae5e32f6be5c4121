"""The attack: files of a course that bear the names of modules, to be imported by those who only read or run it."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

from suite.course.sandbox import outer_wall

REASON = outer_wall.missing()
walled = pytest.mark.skipif(REASON is not None, reason=f"there are no walls here: {REASON}")

SCRIPTS = Path(sys.executable).parent
MODULES = (
    "argparse", "conftest", "evaluate", "json", "markdown_it", "multiprocessing", "nbformat", "packaging", "pathlib",
    "rich", "signal", "sitecustomize", "subprocess", "torch", "transformers", "trustme", "usercustomize", "uvicorn",
)  # fmt: skip
PAGE = """
```python
import evaluate
import torch
torch.__name__
```
```python
import os
assert not os.path.exists({path!r})
```
"""


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A course in a folder that is full of traps: whatever is imported outside the walls leaves a mark."""
    folder, marks = tmp_path / "course", tmp_path / "marks"
    for path in (folder / "suite" / "plugin", marks, tmp_path / "project"):
        path.mkdir(parents=True)
    traps = [folder / f"{name}.py" for name in MODULES]
    traps += [folder / "suite" / "__init__.py", folder / "suite" / "plugin" / "entry.py", tmp_path / "conftest.py"]
    for trap in traps:
        name = trap.relative_to(tmp_path).as_posix().replace("/", "-")
        trap.write_text(f"open({str(marks / name)!r}, 'w').close()\n")
    (folder / "pytest.ini").write_text("[pytest]\npythonpath = .\n")
    (tmp_path / "project" / ".env").write_text("TOKEN=hush\n")
    (folder / "page.md").write_text(PAGE.format(path=str(tmp_path / "project" / ".env")))
    return folder


def run(course: Path, *command: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """A command, called in the folder of the course. No mark is left."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")} | variables
    ended = subprocess.run(
        [str(word) for word in command], cwd=course, env=environment, capture_output=True, text=True, check=False
    )
    marks = sorted(path.name for path in (course.parent / "marks").iterdir())
    assert marks == [], ended.stdout + ended.stderr
    return ended


def test_lint_course_imports_nothing_of_the_folder(course: Path) -> None:
    ended = run(course, SCRIPTS / "touchstone", "lint-course", ".")
    assert "2 examples in 1 documents" in ended.stderr
    (course / "suite").rename(course / "other")  # or Python itself would run it for `-m suite`
    ended = run(course, sys.executable, "-m", "suite", "lint-course", ".")
    assert "2 examples in 1 documents" in ended.stderr


@walled
def test_running_a_course_imports_nothing_of_the_folder(course: Path) -> None:
    ended = run(course, SCRIPTS / "touchstone", "course", ".", "-q", PYTHONPATH=str(course.parent / "project"))
    assert outputs(course) == [("page.md:3", "works"), ("page.md:8", "works")], ended.stdout + ended.stderr


@walled
def test_pytest_imports_nothing_of_the_folder(course: Path) -> None:
    (course / "pytest.ini").unlink()  # pytest obeys one before any plugin has a say
    ended = run(
        course, sys.executable, "-P", "-m", "pytest", "--course", ".", "-q", PYTHONPATH=str(course.parent / "project")
    )
    assert outputs(course) == [("page.md:3", "works"), ("page.md:8", "works")], ended.stdout + ended.stderr


def outputs(course: Path) -> list[tuple[str, str]]:
    """The examples of the run with their verdicts."""
    with (course / "results" / "latest" / "examples.csv").open(encoding="utf-8", newline="") as file:
        return [(row["example"], row["verdict"]) for row in csv.DictReader(file)]
