"""What a package that is not ours brings: a tasks folder, a backend and a section of the report."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd
import pytest

from suite.core.errors import UsageError
from suite.core.extensions import BACKENDS, REPORT_SECTIONS, TASKS
from suite.report import ReportSection
from suite.report.added_sections import LONGEST_PARAGRAPH, MOST_COLUMNS, MOST_PARTS, added_sections
from suite.report.gallery import Gallery
from suite.report.limits import LONGEST_TEXT
from suite.task import discovery
from suite.tests.conftest import Touchstone
from suite.tests.support.tiny import CAPABILITY, CHECKPOINT

BACKEND = '''
from suite.backends import Backend, Tolerance
from suite.backends.eager import Eager


class Loud(Eager):
    """Eager by another name."""

    name = "loud"


class Misnamed(Eager):
    """Says another name than its entry point."""

    name = "quiet"


class Abstract(Backend):
    """Cannot prepare anything."""

    name, family, dtype, tolerance = "abstract", "none", "none", Tolerance(0, 0)


class Incomplete(Backend):
    """Does not say what it is."""
'''
SECTION = """
from suite.report import ReportSection


def section(cells, samples, conditions):
    table = cells[["backend", "accuracy"]].assign(note="<b>bold</b>")
    return ReportSection("Loud & clear", [f"<script>{len(conditions)} run</script>", table])


def fails(cells, samples, conditions):
    cells["accuracy"] = 0.0
    raise ZeroDivisionError("planted")
"""
PARTS = {
    TASKS: {"colours": "loud_package.capabilities"},
    BACKENDS: {"loud": "loud_package.backend:Loud"},
    REPORT_SECTIONS: {"loud": "loud_package.report:section", "silent": "loud_package.report:fails"},
}
OTHER = "colour-telling"

EntryPoints = Mapping[str, Mapping[str, str]]
Install = Callable[[EntryPoints], Path]


@pytest.fixture
def install(tmp_path: Path, tasks: Path) -> Install:
    """Make a package as pip lays it down, with these entry points, and return the folder to put on the path."""

    def make(entry_points: EntryPoints) -> Path:
        site = tmp_path / "site"
        package = site / "loud_package"
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        (package / "backend.py").write_text(BACKEND)
        (package / "report.py").write_text(SECTION)
        shutil.copytree(tasks, package / "capabilities", ignore=shutil.ignore_patterns("test_*"))
        file = package / "capabilities" / "text" / "colour_naming.py"
        file.write_text(file.read_text().replace(CAPABILITY, OTHER))
        metadata = site / "loud_package-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: loud-package\nVersion: 1.0\n")
        groups = [
            "\n".join([f"[{group}]", *(f"{name} = {reference}" for name, reference in entries.items())])
            for group, entries in entry_points.items()
        ]
        (metadata / "entry_points.txt").write_text("\n\n".join(groups) + "\n")
        return site

    return make


def test_a_package_brings_a_capability_a_backend_and_a_section(
    touchstone: Touchstone, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From its entry points to a worker, a row and the report, in processes as a user starts them."""
    monkeypatch.setenv("PYTHONPATH", str(install(PARTS)))
    chosen = ["--backend", "loud", "--backend", "eager", "--limit", "8"]
    result = touchstone.run_apart("-v", "-m", "not benchmark", "--benchmark-skip", *chosen)
    assert result.ret == 0, result.stdout.str()
    cells = {row["cell"] for row in touchstone.folder.rows()}
    assert cells == {f"{name}/{CHECKPOINT}/{backend}" for name in (CAPABILITY, OTHER) for backend in ("eager", "loud")}
    assert touchstone.statuses()["loud", "fidelity"] == "passed"
    assert touchstone.folder.conditions()["extensions"] == {"loud-package": "1.0"}

    again = touchstone.pytester.run(sys.executable, "-m", "suite", "report", "latest", "--into", "again")
    assert again.ret == 0
    for page in (touchstone.folder.path / "report.html", touchstone.pytester.path / "again" / "report.html"):
        text = page.read_text()
        assert '<a href="#added-0">Loud &amp; clear</a>' in text
        assert '<p class="lead">&lt;script&gt;1 run&lt;/script&gt;</p>' in text
        assert "&lt;b&gt;bold&lt;/b&gt;" in text
        assert "loud_package.report:fails failed (ZeroDivisionError: planted). Fix or uninstall loud-package." in text
    assert "0.0" not in set(pd.read_csv(touchstone.folder.path / "cells.csv")["accuracy"].astype(str))

    coverage = touchstone.pytester.run(sys.executable, "-m", "suite", "coverage", "--tasks", str(touchstone.tasks))
    assert OTHER in coverage.stdout.str()
    assert "lora-8, lora-32, loud" in " ".join(touchstone.run_apart("--help").stdout.str().split())


@pytest.mark.parametrize(
    ("group", "entry", "problem"),
    [
        (BACKENDS, "onnx = loud_package.backend:Loud", "there is a backend of that name already, suite.*:Onnx"),
        (BACKENDS, "loud = loud_package.absent:Loud", "*:Loud does not load (ModuleNotFoundError: *)"),
        (BACKENDS, "loud = loud_package.backend:Absent", "*:Absent does not load (AttributeError: *)"),
        (BACKENDS, "loud = loud_package.backend", "loud_package.backend is not a subclass of suite.backends.Backend"),
        (BACKENDS, "loud = loud_package.backend:Misnamed", "* is named 'quiet': both names must be the same"),
        (BACKENDS, "abstract = loud_package.backend:Abstract", "* cannot be made (*prepare*)"),
        (BACKENDS, "loud = loud_package.backend:Incomplete", "* does not set name, family, dtype, tolerance"),
        (TASKS, "colours = loud_package.backend", "loud_package.backend is not a package with a folder"),
        (TASKS, "colours = absent_package.tasks", "absent_package.tasks is not found (ModuleNotFoundError: *)"),
    ],
)  # fmt: skip
def test_an_entry_point_that_cannot_be_used_is_a_sentence(
    touchstone: Touchstone, install: Install, monkeypatch: pytest.MonkeyPatch, *, group: str, entry: str, problem: str
) -> None:
    name, _, reference = entry.partition(" = ")
    monkeypatch.syspath_prepend(str(install({group: {name: reference}})))
    result = touchstone.run("--collect-only", "-q")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    expected = f"*The entry point {group} '{name}' of the package loud-package cannot be used: {problem}. Fix or *"
    result.stderr.fnmatch_lines([expected.replace("[", "[[]")])
    if group == BACKENDS:
        assert touchstone.run("--help").ret == 0


def test_two_packages_cannot_bring_one_backend(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from suite.backends import references

    site = install(PARTS)
    other = Path(shutil.copytree(site / "loud_package-1.0.dist-info", tmp_path / "other" / "more-1.0.dist-info"))
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: more\nVersion: 1.0\n")
    monkeypatch.syspath_prepend(str(site))
    assert list(references())[-1] == "loud"
    monkeypatch.syspath_prepend(str(other.parent))
    with pytest.raises(UsageError, match="'loud' of the package more cannot be used: there is a backend of that name"):
        references()


def test_a_capability_that_exists_is_refused(
    touchstone: Touchstone, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = install(PARTS)
    file = site / "loud_package" / "capabilities" / "text" / "colour_naming.py"
    file.write_text(file.read_text().replace(OTHER, CAPABILITY))
    monkeypatch.syspath_prepend(str(site))
    result = touchstone.run("--collect-only", "-q")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*Two tasks are named '{CAPABILITY}', {touchstone.tasks}/text/* and {file}: rename*"])


def test_a_conftest_brings_a_tasks_folder(touchstone: Touchstone, install: Install) -> None:
    folder = install({}) / "loud_package" / "capabilities"
    conftest = touchstone.tasks / "conftest.py"
    conftest.write_text(f"def pytest_touchstone_tasks(config):\n    return [{str(folder)!r}]\n")
    result = touchstone.run("--collect-only", "-q")
    result.stdout.fnmatch_lines([f"*test_conformance.py::*[[]{OTHER}/{CHECKPOINT}/onnx]"])
    conftest.write_text("def pytest_touchstone_tasks(config):\n    return ['nowhere']\n")
    result = touchstone.run("--collect-only", "-q")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*pytest_touchstone_tasks names */nowhere, which is not a folder: correct it."])


def test_a_task_knows_its_folder(install: Install, tasks: Path) -> None:
    further = install({}) / "loud_package" / "capabilities"
    found = discovery.load_tasks(tasks, further)
    assert list(found) == [CAPABILITY, OTHER]
    assert {name: discovery.folder_of(task) for name, task in found.items()} == {CAPABILITY: tasks, OTHER: further}


def test_a_section_is_bounded_and_says_what_it_leaves_out(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    site = install({REPORT_SECTIONS: {"large": "large_section:large"}})
    (site / "large_section.py").write_text(
        "import pandas as pd\n"
        "from suite.report import ReportSection\n\n"
        "def large(cells, samples, conditions):\n"
        "    table = pd.DataFrame({f'c{i}': ['x' * 5000] * 3000 for i in range(60)})\n"
        "    return ReportSection('Large', [table, 'y' * 50_000, *['more'] * 100])\n"
    )
    monkeypatch.syspath_prepend(str(site))
    frame = pd.DataFrame({"a": [1]})
    [large] = added_sections(frame, frame, [], Gallery(), most_rows=7)
    table = large.items[0].table
    assert table is not None
    assert [len(table.headings), len(table.rows), {len(row) for row in table.rows}] == [MOST_COLUMNS, 7, {MOST_COLUMNS}]
    assert max(len(entry.text) for row in table.rows for entry in row) <= LONGEST_TEXT
    assert "Shown are 7 of 3,000 rows" in table.note
    assert "Shown are 40 of 60 columns" in table.note
    assert len(large.items[1].text) == LONGEST_PARAGRAPH
    assert len(large.items) == MOST_PARTS + 1
    assert large.items[-1].text.startswith("Shown are 50 of 102 parts; all are in what large_section:large returns")


def test_a_section_draws_through_the_report(tmp_path: Path, install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    site = install({REPORT_SECTIONS: {"drawn": "drawing:drawn", "empty": "drawing:empty", "wrong": "drawing:wrong"}})
    (site / "drawing.py").write_text(
        "from matplotlib.figure import Figure\n"
        "from suite.report import ReportSection\n\n"
        "def drawn(cells, samples, conditions):\n"
        "    figure = Figure()\n"
        "    figure.add_subplot().plot([1, 2])\n"
        "    return ReportSection('Drawn', [figure, 1])\n\n"
        "def empty(cells, samples, conditions):\n    return None\n\n"
        "def wrong(cells, samples, conditions):\n    return '<svg/>'\n"
    )
    monkeypatch.syspath_prepend(str(site))
    frame = pd.DataFrame({"a": [1]})
    drawn, wrong = added_sections(frame, frame, [], Gallery(tmp_path / "plots", lambda _: None))
    assert "a body holds text, DataFrames and matplotlib figures, not int" in drawn.items[0].text
    assert "returned str, not a ReportSection" in wrong.items[0].text

    (site / "drawing.py").write_text((site / "drawing.py").read_text().replace("[figure, 1]", "[figure]"))
    monkeypatch.delitem(sys.modules, "drawing")
    drawn, _ = added_sections(frame, frame, [], Gallery(tmp_path / "plots", lambda _: None))
    assert drawn.items[0].figure is not None
    assert 'aria-label="Drawn"' in drawn.items[0].figure.svg
    assert (tmp_path / "plots" / "added-0-0.png").is_file()
    assert ReportSection("a", []).title == "a"
