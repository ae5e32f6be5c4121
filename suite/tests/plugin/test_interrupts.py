"""Ctrl-C in the middle of a cell, and the whole run killed: rows stay, workers do not."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import psutil
import pytest

from suite.tests.conftest import Touchstone

ARGUMENTS = ("-p", "registering", "-k", "conformance and (eager or faulty)", "--cell-timeout", "120")


def wait_for(what: Callable[[], bool], seconds: float) -> None:
    """Poll until it is so."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


@pytest.fixture
def hanging(touchstone: Touchstone) -> Iterator[Callable[..., tuple[subprocess.Popen[str], list[psutil.Process]]]]:
    """Start a run whose second cell hangs; returns it when it does, with all of its processes."""
    touchstone.pytester.makepyfile(
        registering="from suite.backends import REGISTRY\n"
        'REGISTRY["faulty"] = "suite.tests.support.faulty_backends:Hangs"'
    )
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> tuple[subprocess.Popen[str], list[psutil.Process]]:
        all_arguments = touchstone._arguments((*ARGUMENTS, *arguments))
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

        wait_for(measured, 60)
        # The forkserver, multiprocessing's resource tracker, and the workers, the last of which sleeps in its call.
        processes = 3 if arguments else 4
        wait_for(lambda: len(parent.children(recursive=True)) >= processes, 60)
        time.sleep(1)
        return process, parent.children(recursive=True)

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def test_ctrl_c_and_a_kill(
    touchstone: Touchstone, hanging: Callable[..., tuple[subprocess.Popen[str], list[psutil.Process]]]
) -> None:
    process, children = hanging()
    before = touchstone.folder.rows()
    second = touchstone.run_apart("--resume=latest", "-k", "conformance and eager")
    assert second.ret == 4, "the run is being written"
    second.stderr.fnmatch_lines([f"ERROR: Another session (process {process.pid}, since *) is writing to the run *"])
    assert touchstone.folder.rows() == before
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
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

    process, children = hanging("--resume=latest")
    process.kill()
    process.communicate(timeout=30)
    assert psutil.wait_procs(children, timeout=30)[1] == [], "a worker outlived the run"
    assert touchstone.folder.name == folder.name
    assert touchstone.statuses() == {("eager", "conformance"): "passed"}
