"""What a document's processes print, on its way out: through a pipe, and only so much of it.

What they hold leads to one who stops reading: they cannot fill the log.
"""

from __future__ import annotations

import os
import select
import sys

LONGEST = 2**20
"""Bytes of a document's own that are kept."""
_CUT = b"\n[what this document printed beyond that is left out]\n"


def print_to(pipe: int) -> None:
    """Point this process's standard output and error at a pipe, which is closed under its own number."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.dup2(pipe, 1)
    os.dup2(pipe, 2)
    os.close(pipe)


def copy(pipe: int, child: int, life: int) -> None:
    """Copy from a pipe to this process's standard error, until its writers or `child` have ended, or `life` has."""
    handle = os.pidfd_open(child)
    left = LONGEST
    try:
        while True:
            ready, _, _ = select.select([pipe, handle, life], [], [])
            if life in ready:
                return
            data = os.read(pipe, 1 << 16) if pipe in ready else b""
            if not data:
                return
            if left > 0:
                os.write(2, data[:left] if len(data) <= left else data[:left] + _CUT)
                left -= len(data)
    finally:
        os.close(handle)
