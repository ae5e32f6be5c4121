"""A limit on the memory that a stranger's file may make this process take, kept by the kernel."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LOCK = threading.Lock()
"""The limit is the whole process's: of two threads that set it, one waits."""


@contextmanager
def memory_limit(more: int) -> Iterator[None]:
    """Let this process take at most `more` bytes beyond what it has: what asks for more gets a MemoryError.

    Of libraries that believe what a file says about its size nothing else keeps them from taking all that there is.
    Without effect where there is no Linux.
    """
    if not sys.platform.startswith("linux"):
        yield
        return
    import resource

    with _LOCK:
        soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
        wanted = _taken() + more
        known = [limit for limit in (soft, hard) if limit != resource.RLIM_INFINITY]
        resource.setrlimit(resource.RLIMIT_DATA, (min([wanted, *known]), hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _taken() -> int:
    """Bytes that count for the limit now."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmData:"):
            return int(line.split()[1]) * 1024
    return 0
