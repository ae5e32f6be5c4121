"""The pytest plugin: brings either the matrix or the examples of courses."""

from __future__ import annotations

import pytest

pytest_plugins = ["suite.entry"]


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """With --course, examples and nothing else; without, the matrix."""
    if config.getoption("--course"):
        from suite.examples import plugin as chosen
    else:
        from suite import matrix as chosen
    config.pluginmanager.register(chosen, chosen.__name__)
