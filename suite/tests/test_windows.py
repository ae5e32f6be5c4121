"""What is promised for Windows imports nothing that Windows lacks: they are refused to us, in another process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from suite.tests.conftest import Touchstone
from suite.tests.support.synthetic_run import write_run

LACKING = ("fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty")
"""Modules of the standard library that Python on Windows does not have."""
REFUSING = f"""
import builtins, sys

def importing(name, globals=None, locals=None, fromlist=(), level=0, honest=builtins.__import__):
    ours = str((globals or {{}}).get("__name__")).partition(".")[0] in ("suite", "tasks")
    if ours and level == 0 and name.partition(".")[0] in {LACKING!r}:
        raise ModuleNotFoundError(f"No module named {{name!r}}: this is Windows")
    return honest(name, globals, locals, fromlist, level)

builtins.__import__ = importing
"""
ELSEWHERE = """
import asyncio, ctypes, multiprocessing.forkserver, subprocess  # which look at the platform themselves
import filelock, jinja2, matplotlib.figure, pandas, psutil, pyarrow, rich.console
sys.platform = "win32"
"""
COMMAND = "\nfrom suite.cli.commands import main\nsys.exit(main(sys.argv[1:]))\n"


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False, timeout=300
    )


def test_lint_course(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text('```python\nfrom transformers import pipeline\n\npipeline("ner", grouped_entities=True)\n```\n')
    done = run(REFUSING + ELSEWHERE + COMMAND, "lint-course", str(page))
    assert done.returncode == 1, done.stderr
    assert "grouped_entities" in done.stdout


def test_report(tmp_path: Path) -> None:
    folder = write_run(tmp_path, capabilities=["sentiment-analysis"])
    done = run(REFUSING + ELSEWHERE + COMMAND, "report", str(folder))
    assert done.returncode == 0, done.stderr
    assert (folder / "report.html").is_file()


def test_a_run_in_one_process(touchstone: Touchstone) -> None:
    """Not the platform's name: torch would look for libraries of Windows."""
    touchstone.pytester.makepyfile(refusing=REFUSING)
    arguments = touchstone._arguments(("-p", "refusing", "--no-isolate", "-k", "eager and not latency"))
    environment = {**os.environ, "PYTHONPATH": str(touchstone.pytester.path)}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
        cwd=touchstone.pytester.path, env=environment, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert set(touchstone.statuses().values()) == {"passed"}


@pytest.mark.parametrize("module", ["fcntl", "resource"])
def test_what_is_refused_is_refused(module: str) -> None:
    """The fault is planted: a module of ours that imports it."""
    planted = f"\nexec('import {module}', {{'__name__': 'suite.planted'}})\n"
    assert f"No module named '{module}'" in run(REFUSING + planted).stderr
    assert run(planted).returncode == 0
