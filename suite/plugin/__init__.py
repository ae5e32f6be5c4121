"""The pytest plugin: brings either the matrix or the examples of courses."""

from __future__ import annotations

import importlib

import pytest

pytest_plugins = ["suite.plugin.entry"]


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """With --course, examples and nothing else; without, the matrix. Either ends in good order when it is told to."""
    product = "suite.plugin.course" if config.getoption("--course") else "suite.plugin.bench"
    for name in ("suite.plugin.termination", product):
        config.pluginmanager.register(importlib.import_module(name), name)
