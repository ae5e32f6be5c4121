"""The pytest plugin: brings either the matrix or the examples of courses."""

from __future__ import annotations

import importlib

import pytest

pytest_plugins = ["suite.plugin.entry"]
_USUAL_STORAGE = "file://./.benchmarks"


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """With --course, examples and nothing else; without, the matrix. Either ends in good order when it is told to."""
    matrix = ("suite.plugin.bench", "suite.plugin.check_fixtures")
    product = ("suite.plugin.course",) if config.getoption("--course") else matrix
    for name in ("suite.plugin.termination", *product):
        config.pluginmanager.register(importlib.import_module(name), name)
    _make_no_benchmark_folder(config)


def _make_no_benchmark_folder(config: pytest.Config) -> None:
    """Keep pytest-benchmark, which makes its storage as it starts, from leaving an empty one where pytest was called.

    Where the command line saves or compares, or names a storage, all is as pytest-benchmark has it.
    """
    uses = ("benchmark_save", "benchmark_autosave", "benchmark_compare")
    is_usual = config.getoption("benchmark_storage", None) == _USUAL_STORAGE
    if is_usual and not any(config.getoption(name, None) for name in uses):
        config.option.benchmark_storage = f"file://{config.invocation_params.dir}"  # it is there, and is not written to
