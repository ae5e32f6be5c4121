"""The first program behind the outer wall: it gives up what is left of the outside, and becomes another program.

Run as `python -m suite.course.sandbox.inside PROGRAM ARGUMENT...`.

Where root has built the wall it moves into a namespace with two users, root and nobody, of which documents' processes
need both, and where root has no right over the machine. Before, it makes read-only what the kernel lets the user root
write below /proc, whatever rights he has: the program to be started at a crash, among others. And it shows the
processes of the wall a second time, all read-only, since the kernel grants a document's namespaces a view of their own
only where there is one of which nothing is covered.
"""

from __future__ import annotations

import os
import stat
import sys

from suite.course.sandbox import namespaces, seccomp, syscalls

UNCOVERED_PROCESSES = "/.proc"


def main(command: list[str]) -> None:
    """Give up the keys, the rights and what of the kernel is not needed, and execute a command. Raises OSError."""
    seccomp.leave_session_keyring()
    if os.getuid() == 0:
        _make_settings_read_only()
        syscalls.mount("proc", UNCOVERED_PROCESSES, "proc", namespaces.PROCESS_FLAGS)
        namespaces.enter_users()
        syscalls.keep_capabilities(*syscalls.MAP_USERS)
    seccomp.install(seccomp.BUILDING)
    os.execv(command[0], command)


def _make_settings_read_only() -> None:
    """Leave nothing writable below /proc but what belongs to a process: documents' namespaces are set up there."""
    with os.scandir("/proc") as entries:
        for entry in entries:
            mode = entry.stat(follow_symlinks=False).st_mode
            writable = stat.S_ISDIR(mode) or (stat.S_ISREG(mode) and mode & 0o222)
            if writable and not entry.name.isdigit():
                syscalls.bind(entry.path, entry.path)


if __name__ == "__main__":
    main(sys.argv[1:])
