"""What a worker may take of the machine's memory: a stranger's checkpoint can be as large as it likes."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import psutil

FIRST_TO_END = "1000"
"""Of the kernel's scores the highest: where memory runs out, this process is ended and no other of the machine."""
_STATUS = Path("/proc/self/status")
_SCORE = Path("/proc/self/oom_score_adj")


def limit_memory(device: str) -> None:
    """Let this process, and each that it starts, take what is free now and no more (Linux).

    What asks for more is refused it, and can say so. Several together can still ask for more than there is: then the
    kernel ends one of them. On a device other than the CPU only the latter, since drivers map more than they use.
    """
    if sys.platform != "linux":
        return
    import resource

    with contextlib.suppress(OSError):
        _SCORE.write_text(FIRST_TO_END)
    if device == "cpu":
        soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
        free = _mapped() + psutil.virtual_memory().available
        limit = min([free, *(value for value in (soft, hard) if value != resource.RLIM_INFINITY)])
        resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))


def _mapped() -> int:
    """Bytes that count against the limit already."""
    lines = _STATUS.read_text().splitlines()
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmData:")), 0)
