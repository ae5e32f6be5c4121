"""Where a process's own standard output goes, whatever writes to it."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path


def print_to(log: Path) -> None:
    """Point this process's standard output and error at the end of a log."""
    with contextlib.suppress(io.UnsupportedOperation, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(target, 1)
    os.dup2(target, 2)
    os.close(target)


@contextlib.contextmanager
def errors_to(log: Path) -> Iterator[None]:
    """Let what is started in here inherit the end of a log as its standard error."""
    saved, target = os.dup(2), os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.dup2(target, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(target)
