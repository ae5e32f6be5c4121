"""The report of a run that goes on is there, says that it is unfinished, and is out of the way of what is timed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from suite.core.cell import Status
from suite.executors.gate import Gate
from suite.plugin import growing_report
from suite.plugin.growing_report import GrowingReport
from suite.records.run_folder import RunFolder
from suite.tests.support.synthetic_run import cell

pytestmark = pytest.mark.skipif(not Path("/proc/self").exists(), reason="on Linux alone")


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    folder = RunFolder.create(tmp_path, "20260101-000000")
    folder.write_conditions({"run": folder.name, "selected": 3})
    folder.lock()
    return folder


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def growing(folder: RunFolder, gate: Gate, told: list[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[GrowingReport]:
    monkeypatch.setattr(growing_report, "INTERVAL", 0.2)
    growing = GrowingReport(folder.path, gate, told.append)
    yield growing
    growing.close()


def grow(folder: RunFolder, checkpoint: str) -> None:
    folder.append(cell(checkpoint=checkpoint, backend="eager"), "conformance", Status.PASSED, "", {})


def wait_for(page: Path, text: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if page.is_file() and text in page.read_text(encoding="utf-8"):
            return
        time.sleep(0.1)
    pytest.fail(f"{page} never held {text!r}")


def test_it_grows_with_the_rows(folder: RunFolder, growing: GrowingReport, told: list[str]) -> None:
    page = folder.path / "report.html"
    assert not page.exists(), "there is no row yet"
    grow(folder, "first")
    wait_for(page, "first")
    assert "unfinished" in page.read_text(encoding="utf-8")
    grow(folder, "second")
    wait_for(page, "second")
    assert told == [f"the report so far: {page}"]


def writers(folder: RunFolder) -> list[psutil.Process]:
    """The processes that write this report: this one may have children of other kinds."""
    found = []
    for child in psutil.Process().children():
        with suppress(psutil.Error):
            found += [child] if child.cmdline()[-1:] == [str(folder.path)] else []
    return found


def test_it_stands_still_while_something_is_timed_and_ends_with_the_run(
    folder: RunFolder, growing: GrowingReport, gate: Gate
) -> None:
    grow(folder, "first")
    deadline = time.monotonic() + 60
    while not (begun := writers(folder)) and time.monotonic() < deadline:
        time.sleep(0.01)
    with gate.alone():
        while begun[0].status() == psutil.STATUS_RUNNING and time.monotonic() < deadline:
            time.sleep(0.01)
        assert begun[0].status() == psutil.STATUS_STOPPED
    growing.close()
    assert not begun[0].is_running()


def test_none_is_begun_while_something_is_timed(folder: RunFolder, growing: GrowingReport, gate: Gate) -> None:
    with gate.alone():
        grow(folder, "first")
        time.sleep(1)
        assert writers(folder) == []
    wait_for(folder.path / "report.html", "first")
