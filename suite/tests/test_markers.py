"""The markers of the tests: registered, given to folders and modules that are there, and to what needs them."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from suite.core.files import project_root
from suite.tests.conftest import HERE, MARKED

SETTINGS = tomllib.loads((project_root() / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"]
NEEDS = {"walls": "outer_wall.missing()", "network": "suite.tests.support.running_stand_ins"}
"""What a module's source holds that needs a marker."""


def test_every_marker_is_registered() -> None:
    registered = {line.partition(":")[0] for line in SETTINGS["ini_options"]["markers"]}
    assert set(MARKED) == registered


@pytest.mark.parametrize("marker", MARKED)
def test_every_marked_folder_and_module_exists(marker: str) -> None:
    assert [path for path in MARKED[marker] if not (HERE / path).exists()] == []


@pytest.mark.parametrize(("marker", "source"), NEEDS.items())
def test_what_needs_a_marker_has_it(marker: str, source: str) -> None:
    modules = [file for file in HERE.rglob("test_*.py") if source in file.read_text(encoding="utf-8")]
    modules = [file for file in modules if file != Path(__file__)]
    assert modules
    unmarked = [file for file in modules if not file.relative_to(HERE).as_posix().startswith(MARKED[marker])]
    assert unmarked == []


def test_a_marker_selects(request: pytest.FixtureRequest) -> None:
    """This module has none of them."""
    assert not {mark.name for mark in request.node.iter_markers()} & set(MARKED)
