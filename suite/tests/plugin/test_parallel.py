"""Cells are refused where xdist would spread them over processes, whatever their checkpoints are called."""

from __future__ import annotations

from pathlib import Path

import pytest

from suite.plugin import parallel
from suite.tests.conftest import Touchstone
from suite.tests.support.tiny import make_checkpoint

REFUSAL = f"ERROR: {parallel.REFUSAL}"
TEXTS = [f"red {word}" for word in ("green", "blue", "large", "small", "round", "square", "bright", "dark")]
LIKE_XDIST = """
def pytest_addoption(parser):
    group = parser.getgroup("xdist")
    group.addoption("--numprocesses", type=int, default=None)
    group.addoption("--dist", default="no")
    group.addoption("--tx", action="append", default=[])

def pytest_cmdline_main(config):
    if config.option.numprocesses:
        config.option.dist, config.option.tx = "load", ["popen"] * config.option.numprocesses
"""
"""What xdist makes of its options, where it is not installed."""


def distributed(touchstone: Touchstone, *arguments: str) -> pytest.RunResult:
    """A run with two processes."""
    touchstone.pytester.makepyfile(like_xdist=LIKE_XDIST)
    return touchstone.run_apart("-p", "no:xdist", "-p", "like_xdist", "--numprocesses", "2", *arguments)


@pytest.mark.parametrize("name", ["plain", "modèle été [v2] #1 :: a", "模型", "a@b"])
def test_cells_are_refused_whatever_the_names(touchstone: Touchstone, tmp_path: Path, name: str) -> None:
    make_checkpoint(tmp_path / name, TEXTS)
    result = distributed(touchstone, "--model", str(tmp_path / name), "--backend", "eager", "-k", "conformance")
    result.stderr.fnmatch_lines([REFUSAL])
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert not (touchstone.pytester.path / "results").exists()


@pytest.mark.parametrize("name", ["plain", "modèle été [v2] #1 :: a"])
def test_xdist_itself_is_refused(touchstone: Touchstone, tmp_path: Path, name: str) -> None:
    pytest.importorskip("xdist")
    make_checkpoint(tmp_path / name, TEXTS)
    for scheduler in ("load", "loadgroup"):
        arguments = ("--model", str(tmp_path / name), "--backend", "eager", "-n", "2", "--dist", scheduler)
        result = touchstone.run_apart(*arguments)
        result.stderr.fnmatch_lines([REFUSAL])
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        assert "Traceback" not in result.stdout.str() + result.stderr.str()
        assert not (touchstone.pytester.path / "results").exists()


def test_cells_of_other_modules_are_refused_one_by_one(touchstone: Touchstone) -> None:
    """A test module of the user's own, beside no tasks folder, is seen only where it runs."""
    touchstone.pytester.makepyfile(
        like_a_worker="def pytest_configure(config):\n    config.workerinput = {}\n",
    )
    result = touchstone.run_apart("-p", "no:xdist", "-p", "like_a_worker", "--backend", "eager", "-k", "conformance")
    result.assert_outcomes(errors=1, deselected=len(result.outlines) and result.parseoutcomes()["deselected"])
    result.stdout.fnmatch_lines([f"*{parallel.REFUSAL}*"])
    assert not (touchstone.pytester.path / "results").exists()


def test_tests_of_something_else_may_be_spread(touchstone: Touchstone) -> None:
    other = touchstone.pytester.makepyfile(test_other="def test_it(): pass")
    touchstone.pytester.makepyfile(like_xdist=LIKE_XDIST)
    result = touchstone.pytester.runpytest_subprocess(
        "-p", "no:xdist", "-p", "like_xdist", "-p", "suite.plugin", "--tasks", str(touchstone.tasks),
        "--numprocesses", "2", str(other),
    )  # fmt: skip
    result.assert_outcomes(passed=1)


@pytest.mark.parametrize("arguments", [("--numprocesses", "0"), ("--numprocesses", "2", "--co")])
def test_one_process_is_enough(touchstone: Touchstone, arguments: tuple[str, ...]) -> None:
    touchstone.pytester.makepyfile(like_xdist=LIKE_XDIST)
    result = touchstone.run_apart("-p", "no:xdist", "-p", "like_xdist", "--co", "-q", *arguments)
    assert result.ret == 0
