"""Ctrl-C and SIGTERM in the middle of a cell, and the whole run killed: rows stay, workers and folders do not."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from suite.course.sandbox import outer_wall
from suite.tests.conftest import Touchstone

ARGUMENTS = ("-p", "registering", "-k", "conformance and (eager or faulty)", "--cell-timeout", "120")


def wait_for(what: Callable[[], bool], seconds: float) -> None:
    """Poll until it is so."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder for temporary files of the processes that are started from here on; a short path, for sockets."""
    with tempfile.TemporaryDirectory(prefix="short-") as folder:
        monkeypatch.setenv("TMPDIR", folder)
        yield Path(folder)


def names_in(folder: Path) -> list[str]:
    """The names of the folders there, without torch's own cache of kernels. ONNX Runtime leaves a file, `.ses`."""
    folders = [path.name for path in folder.iterdir() if path.is_dir()]
    return sorted(name for name in folders if not name.startswith("torchinductor_"))


@pytest.fixture
def hanging(
    touchstone: Touchstone, temporary: Path
) -> Iterator[Callable[[], tuple[subprocess.Popen[str], list[psutil.Process]]]]:
    """Start a run whose second cell hangs; returns it when it does, with all of its processes."""
    touchstone.pytester.makepyfile(
        registering="from suite.backends import REGISTRY\n"
        'REGISTRY["faulty"] = "suite.tests.support.faulty_backends:Hangs"'
    )
    started: list[subprocess.Popen[str]] = []

    def start() -> tuple[subprocess.Popen[str], list[psutil.Process]]:
        all_arguments = touchstone._arguments(ARGUMENTS)
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *all_arguments],
            cwd=touchstone.pytester.path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            # A shell that starts a job in the background lets it ignore Ctrl-C, and its children inherit that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - single-threaded here
        )  # fmt: skip
        started.append(process)
        parent = psutil.Process(process.pid)

        def measured() -> bool:
            assert process.poll() is None, process.stdout and process.stdout.read()
            return (touchstone.pytester.path / "results" / "latest").exists() and bool(touchstone.folder.rows())

        wait_for(measured, 600)
        # The forkserver, multiprocessing's resource tracker, and the workers, the last of which sleeps in its call.
        wait_for(lambda: len(parent.children(recursive=True)) >= 4, 600)
        time.sleep(1)
        return process, parent.children(recursive=True)

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt(
    touchstone: Touchstone,
    temporary: Path,
    hanging: Callable[[], tuple[subprocess.Popen[str], list[psutil.Process]]],
    number: signal.Signals,
) -> None:
    process, children = hanging()
    assert {name.partition("-")[0] for name in names_in(temporary)} == {"touchstone", "pymp"}
    before = touchstone.folder.rows()
    second = touchstone.run_apart("--resume=latest", "-k", "conformance and eager")
    assert second.ret == 4, "the run is being written"
    second.stderr.fnmatch_lines([f"ERROR: Another session (process {process.pid}, since *) is writing to the run *"])
    assert touchstone.folder.rows() == before
    began = time.monotonic()
    process.send_signal(number)
    output, _ = process.communicate(timeout=100)
    assert time.monotonic() - began < 90, "it waited for the cell, which may take 120 s"
    assert process.returncode == 2, output
    assert "Traceback" not in output
    folder = touchstone.folder
    assert f"interrupted: continue with --resume={folder.name}" in output
    assert touchstone.statuses() == {("eager", "conformance"): "passed"}
    assert folder.conditions()["exit_status"] == 2
    assert psutil.wait_procs(children, timeout=30)[1] == []
    assert (folder.path / "cells.csv").exists(), "what was measured is reported"
    assert names_in(temporary) == []
    assert not (folder.path / ".lock").exists()


def test_a_kill(
    touchstone: Touchstone,
    temporary: Path,
    hanging: Callable[[], tuple[subprocess.Popen[str], list[psutil.Process]]],
) -> None:
    process, children = hanging()
    folder = touchstone.folder
    process.kill()
    process.communicate(timeout=30)
    assert psutil.wait_procs(children, timeout=30)[1] == [], "a worker outlived the run"
    assert touchstone.statuses() == {("eager", "conformance"): "passed"}
    left = names_in(temporary)
    assert {name.partition("-")[0] for name in left} == {"touchstone", "pymp"}
    (temporary / "touchstone-of-another").mkdir()  # without a mark that it is ours
    touchstone.run_apart("--resume=latest", "-k", "accuracy and eager").assert_outcomes(passed=1, deselected=27)
    assert names_in(temporary) == ["touchstone-of-another"]
    assert not (folder.path / ".lock").exists()


@pytest.mark.walls
@pytest.mark.skipif(outer_wall.missing() is not None, reason="there are no walls here")
def test_a_course_is_interrupted_and_killed(pytester: pytest.Pytester, temporary: Path) -> None:
    document = pytester.makefile(
        ".md", course="```python\nx = 1\n```\n\n```python\nimport time\ntime.sleep(3600)\n```\n"
    )
    rows = pytester.path / "results" / "latest" / "examples.jsonl"
    arguments = ("-p", "suite.plugin", "-p", "no:cacheprovider", "--course", str(document), "--example-timeout", "5")

    def start() -> tuple[subprocess.Popen[str], list[psutil.Process]]:
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", *arguments],
            cwd=pytester.path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        wait_for(lambda: process.poll() is not None or rows.exists(), 600)
        assert process.poll() is None, process.communicate()[0]
        return process, psutil.Process(process.pid).children(recursive=True)

    process, children = start()
    process.terminate()
    output, _ = process.communicate(timeout=100)
    assert process.returncode == 2, output
    assert psutil.wait_procs(children, timeout=30)[1] == []
    assert names_in(temporary) == []
    assert (rows.parent / "course.md").read_text().startswith("# 1 examples in 1 documents")
    assert not (rows.parent / ".lock").exists()

    rows.parent.unlink()
    process, children = start()
    process.kill()
    process.communicate()
    assert psutil.wait_procs(children, timeout=30)[1] == [], "a process outlived the run"
    assert {name.partition("-")[0] for name in names_in(temporary)} == {"touchstone"}
    pytester.runpytest_subprocess(*arguments).assert_outcomes(passed=1, failed=1)
    assert names_in(temporary) == []
