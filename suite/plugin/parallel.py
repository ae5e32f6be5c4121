"""Cells are refused under pytest-xdist: its processes would measure side by side, each as if it were alone.

Decided by what pytest was asked to collect and by the process, never by node ids: pytest escapes them, and xdist's
schedulers add to them.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from suite.core.errors import UsageError

REFUSAL = "Cells share workers and take turns: run them without xdist's -n."


def is_worker(config: pytest.Config) -> bool:
    """Whether this is one of the processes that xdist distributes tests to."""
    return hasattr(config, "workerinput")


def refuse(config: pytest.Config, task_folders: Iterable[Path]) -> None:
    """Refuse a session of several processes that is to collect cells. Tests of something else may run so.

    Raises:
        UsageError: it is one.
    """
    if is_worker(config) or not _distributes(config):
        return
    here = config.invocation_params.dir
    asked = [(here / argument.partition("::")[0]).resolve() for argument in config.args]
    folders = [folder.resolve() for folder in task_folders]
    if any(path.is_relative_to(folder) or folder.is_relative_to(path) for path in asked for folder in folders):
        raise UsageError(REFUSAL)


def _distributes(config: pytest.Config) -> bool:
    """Whether xdist is there and told to use other processes, which `-n 0` is not; it never collects in them."""
    return (
        bool(config.getoption("tx", None)) and config.getoption("dist", "no") != "no" and not config.option.collectonly
    )
