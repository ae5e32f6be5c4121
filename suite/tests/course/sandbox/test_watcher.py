"""The watcher over memory: what it cannot read counts against a document, or ends it."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from suite.course.sandbox import watcher

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")


def unreadable(monkeypatch: pytest.MonkeyPatch, name: str, number: int) -> None:
    """Let a file of /proc refuse to be read."""
    read_text = Path.read_text

    def read(path: Path, *given: Any, **named: Any) -> str:
        if path.name == name:
            raise OSError(number, os.strerror(number))
        return read_text(path, *given, **named)

    monkeypatch.setattr(Path, "read_text", read)


def test_a_process_that_hides_its_memory_is_counted_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has copied a program that nobody may read cannot be looked into: what it shares is its own then."""
    unreadable(monkeypatch, "smaps_rollup", errno.EACCES)
    assert watcher._own(os.getpid()) == pytest.approx(watcher._resident(os.getpid()), rel=0.05)
    assert watcher._own(os.getpid()) > 2**20


def test_a_process_that_has_ended_counts_nothing() -> None:
    assert watcher._own(2**22 + 1) == watcher._resident(2**22 + 1) == 0


@pytest.mark.parametrize("name", ["status", "smaps_rollup"])
def test_a_watcher_without_descriptors_does_not_go_on(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    unreadable(monkeypatch, name, errno.EMFILE)
    with pytest.raises(OSError, match="Too many open files"):
        watcher._own(os.getpid()) if name == "smaps_rollup" else watcher._resident(os.getpid())
