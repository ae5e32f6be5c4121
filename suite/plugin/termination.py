"""SIGTERM ends a session as Ctrl-C does: what was measured is reported, nothing is left behind, exit code 2."""

from __future__ import annotations

import signal
import threading
from typing import Any

import pytest

_BEFORE = pytest.StashKey[Any]()


def pytest_configure(config: pytest.Config) -> None:
    """Listen, unless the process was told to ignore the signal, or something else listens."""
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        config.stash[_BEFORE] = signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(*_: object) -> None:
    # A signal to the whole process group, passed on by a parent, comes twice: the second must not disturb the end.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Listen no more."""
    if _BEFORE in config.stash:
        signal.signal(signal.SIGTERM, config.stash[_BEFORE])
