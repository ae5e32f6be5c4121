"""A control group around the outer wall, where systemd makes one: the kernel's own account of all that is behind it.

It counts what no process can be asked about: what pipes and sockets hold, what the kernel keeps for files and
processes. Where there is none, a document's own limits and its watcher are all.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import psutil

BOOTED = Path("/run/systemd/system")
"""There where systemd runs the machine."""
VARIABLES = ("XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS")
"""By which a user's systemd is found; for nobody behind the wall."""
ADDED = "INVOCATION_ID"
"""A variable that systemd-run sets."""
_TASKS, _TASKS_A_CORE = 256, 512
"""Processes and threads: of the run, and of the documents, as many of which are at work as there are processors."""


def command() -> tuple[str, ...]:
    """The beginning of a command that runs the rest of it in a group of its own; empty where systemd makes none.

    All in it together take what memory is free now and no more, none of it swapped.
    """
    program = shutil.which("systemd-run", path=os.pathsep.join(filter(os.path.isabs, os.get_exec_path())))
    if program is None or not BOOTED.is_dir():
        return ()
    root = os.getuid() == 0
    settings = [f"{name}={os.environ[name]}" for name in VARIABLES if name in os.environ and not root]
    limits = {
        "MemoryMax": psutil.virtual_memory().available,
        "MemorySwapMax": 0,
        "TasksMax": _TASKS + _TASKS_A_CORE * len(os.sched_getaffinity(0)),
    }
    return (
        *(["/usr/bin/env", *settings] if settings else []),
        program,
        *([] if root else ["--user"]),
        *("--scope", "--quiet", "--collect"),
        *(f"--property={name}={value}" for name, value in limits.items()),
        "--",
    )
