"""A course run by pytest: items, selection, verdicts, files. Documents are executed for real, behind their walls."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from suite.course.run import beside, seen_by_all
from suite.course.sandbox import outer_wall

REASON = outer_wall.missing()
walled = pytest.mark.skipif(REASON is not None, reason=f"there are no walls here: {REASON}")

FIRST = """# One
```python
x = 40
print(x)
```
And `pipeline("summarization")` in a sentence.
```python
x + 2
```
```python
import os
os.kill(os.getpid(), 9)
```
```python
x, y
```
"""
SECOND = """
```python
from transformers import pipeline
pipeline("summarization")
```
```py
>>> {"answer": 41 + 1}
{'answer': 41, 'score': 0.5}
```
```python
import time
time.sleep(3600)
```
```python
import socket
socket.create_connection(("no.such.host.example", 80)).close()
```
"""


def run_apart(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """The same in a process of its own, as a user would."""
    return pytester.runpytest_subprocess("-p", "suite.plugin", "-p", "no:cacheprovider", *arguments)


@pytest.fixture
def course(pytester: pytest.Pytester) -> Path:
    """Two documents, a damaged one, and Python files that nobody may import."""
    folder = pytester.path / "course"
    (folder / "chapter1").mkdir(parents=True)
    (folder / "chapter1" / "1.mdx").write_text(FIRST)
    (folder / "chapter1" / "2.md").write_text(SECOND)
    (folder / "broken.ipynb").write_text("{")
    (folder / "chapter1" / "prose.md").write_text("Words, and no example.\n")
    for name in ("conftest.py", "test_own.py"):
        (folder / name).write_text("raise SystemExit('imported')\n")
    return folder


def test_very_many_files_are_shown_by_their_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("many", "few"):
        (tmp_path / folder).mkdir()
        for name in ("page.md", ".env", *("abc" if folder == "many" else "")):
            (tmp_path / folder / name).touch()
    siblings = {file: beside(file) for file in (tmp_path / "many" / "page.md", tmp_path / "few" / "page.md")}
    assert seen_by_all(siblings) == {
        *(str(tmp_path / "many" / name) for name in ("page.md", "a", "b", "c")), str(tmp_path / "few" / "page.md"),
    }  # fmt: skip
    monkeypatch.setattr("suite.course.run.MOST_PATHS", 3)
    assert seen_by_all(siblings) == {str(tmp_path / "many"), str(tmp_path / "few")}
    monkeypatch.setattr("suite.course.sandbox.namespaces.parents_first", lambda _: [str(tmp_path / "few")])
    assert len(seen_by_all(siblings)) == 5


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """pytest with the plugin."""
    return pytester.runpytest_inprocess("-p", "suite.plugin", "-p", "no:cacheprovider", *arguments)


def test_examples_alone_are_collected_and_named_by_file_and_line(pytester: pytest.Pytester, course: Path) -> None:
    result = run(pytester, "--course", str(course), "--co", "-q")
    assert result.ret == 0
    assert result.outlines[:10] == [
        "broken.ipynb",
        "chapter1/1.mdx:3",
        "chapter1/1.mdx:6",
        "chapter1/1.mdx:8",
        "chapter1/1.mdx:11",
        "chapter1/1.mdx:15",
        "chapter1/2.md:3",
        "chapter1/2.md:7",
        "chapter1/2.md:11",
        "chapter1/2.md:15",
    ]
    assert not (pytester.path / "results").exists()


@walled
def test_every_example_gets_its_verdict(pytester: pytest.Pytester, course: Path) -> None:
    result = run_apart(pytester, "--course", str(course), "--example-timeout", "5", "--junitxml", "junit.xml")
    folder = (pytester.path / "results" / "latest").resolve()
    with (folder / "examples.csv").open() as file:
        rows = {row["example"]: row for row in csv.DictReader(file)}
    assert {name: row["verdict"] for name, row in rows.items()} == {
        "chapter1/1.mdx:3": "works",
        "chapter1/1.mdx:6": "removed-api",
        "chapter1/1.mdx:8": "works",
        "chapter1/1.mdx:11": "timeout",
        "chapter1/1.mdx:15": "fragment",
        "chapter1/2.md:3": "removed-api",
        "chapter1/2.md:7": "output-drift",
        "chapter1/2.md:11": "timeout",
        "chapter1/2.md:15": "works",
    }
    assert rows["chapter1/2.md:3"]["removed_in"] == "5.0.0"
    assert rows["chapter1/2.md:3"]["line"] == "4"
    assert rows["chapter1/2.md:15"]["hosts_tried"] == "no.such.host.example"
    assert result.ret == 1
    result.assert_outcomes(passed=3, failed=6, skipped=1)
    cases = ElementTree.parse(pytester.path / "junit.xml").iter("testcase")
    assert {case.get("name") for case in cases} >= {name.replace("/", ".") for name in rows}
    assert "chapter1/2.md:3" in (folder / "course.md").read_text()
    assert "chapter1/2.md:3" in (folder / "course.html").read_text()
    for name in ("course.md", "course.html"):
        assert "Without an example: chapter1/prose.md." in (folder / name).read_text()
        assert "Not read: broken.ipynb" in (folder / name).read_text()
    assert json.loads((folder / "run.json").read_text())["examples"] == 9


@walled
def test_one_example_is_run_with_those_before_it(pytester: pytest.Pytester, course: Path) -> None:
    result = run_apart(pytester, "--course", str(course), "-k", "1.mdx:8")
    result.assert_outcomes(passed=1, deselected=9)


def test_a_skip_list_is_honoured_and_a_stale_line_refused(pytester: pytest.Pytester, course: Path) -> None:
    skips = course / "touchstone-skip.csv"
    skips.write_text("example,reason\nchapter1/1.mdx:3,shown in the video\n")
    assert run(pytester, "--course", str(course), "--co", "-q").ret == 0
    skips.write_text("example,reason\nchapter1/1.mdx:4,moved\n")
    stale = run(pytester, "--course", str(course), "--co", "-q")
    assert stale.ret == pytest.ExitCode.USAGE_ERROR
    stale.stderr.fnmatch_lines(["*chapter1/1.mdx:4*fix the line*"])
    skips.write_text("example,reason\nchapter1/1.mdx:3,\n")
    assert run(pytester, "--course", str(course), "--co", "-q").ret == pytest.ExitCode.USAGE_ERROR


@walled
def test_what_a_course_skips_is_not_run(pytester: pytest.Pytester, course: Path) -> None:
    (course / "touchstone-skip.csv").write_text("example,reason\nchapter1/1.mdx:3,shown in the video\n")
    result = run_apart(pytester, "--course", str(course), "-k", "1.mdx:3", "-rs")
    result.assert_outcomes(skipped=1, deselected=9)
    result.stdout.fnmatch_lines(["*shown in the video*"])


def test_a_missing_course_is_a_sentence(pytester: pytest.Pytester) -> None:
    result = run(pytester, "--course", "nowhere")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*There is no course at*nowhere*"])


def test_a_library_that_fails_as_it_is_imported_does_not_stop_the_course(tmp_path: Path) -> None:
    (tmp_path / "fails.py").write_text("raise OSError('not today')")
    code = "import suite.processes.preload as made; print(made.MISSING)"
    paths = os.pathsep.join([str(tmp_path), *sys.path])
    ended = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "TOUCHSTONE_PRELOAD": "0", "PYTHONPATH": paths},
        input='{"names": ["fails:"], "tasks": []}', capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert ended.stdout.split("\n")[-2] == "['fails:']"


def test_any_project_has_the_option(pytester: pytest.Pytester) -> None:
    """A course's own repository knows nothing of the plugin but that it is installed."""
    (pytester.path / "a.md").write_text("```python\n1 + 1\n```\n")
    pytester.runpytest_subprocess("--course", "a.md", "--collect-only", "-q").stdout.fnmatch_lines(["a.md:2"])


def test_unsafe_needs_no_walls_and_leaves_nothing_behind(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Examples reach the stand-ins, run one document after the other, and a crash costs one of them."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    folder = pytester.mkdir("course")
    (folder / "a.md").write_text(
        "```python\nfrom transformers import AutoTokenizer\n"
        "AutoTokenizer.from_pretrained('bert-base-uncased')\n```\n"
        "```python\nimport os\nos.kill(os.getpid(), 9)\n```\n"
        "```python\nimport os\nopen('left', 'w').write('x')\n```\n"
    )
    result = run_apart(pytester, "--course", "course", "--unsafe", "--results", "out")
    result.assert_outcomes(passed=2, failed=1)
    with (pytester.path / "out" / "latest" / "examples.csv").open() as file:
        assert {row["example"]: row["checkpoints"] for row in csv.DictReader(file)} == {
            "a.md:2": "bert-base-uncased",
            "a.md:6": "",
            "a.md:10": "",
        }
    assert not (folder / "left").exists()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("touchstone")] == []
