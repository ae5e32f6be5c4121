"""Watches over the memory and the processes of a document, all of them, from the first process of its namespaces."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import signal
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from suite.course.sandbox.fork_chain import kill_group
from suite.course.sandbox.namespaces import Limits

WATCH_SECONDS = 0.3
FLOOD = 64
"""Processes of a document that are too many."""
STRIKES = 4
"""Looks in a row at too much, after which the whole document ends: what it started has left its group behind."""
_INODE = 1024
"""Bytes of the kernel's memory for a file, whatever it holds."""
_DISK = "/tmp"
_SHARED_EVERY = 4
"""Looks from one at the shared memory to the next: this one takes longer."""
SOCKET = 2 * 212_992
"""Bytes that the kernel keeps for a socket at most, sent and not yet read, where nobody has raised that."""


def watch(stand_ins: int, limits: Limits) -> None:
    """Reap ended processes, and kill what uses up the memory, until nothing but the stand-ins is left."""
    strikes, shared = 0, 0  # the second: bytes that no process maps as its own
    for look in itertools.count():
        time.sleep(WATCH_SECONDS)
        with contextlib.suppress(ChildProcessError):
            while process := os.waitpid(-1, os.WNOHANG)[0]:
                if process == stand_ins:
                    os._exit(1)  # without them the document would be judged by what is missing
        others = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
        others = [process for process in others if process not in (1, stand_ins)]
        if not others:
            os._exit(0)
        if look % _SHARED_EVERY == 0:
            shared = _shared(others) + _in_sockets(others)
        if len(others) <= FLOOD and shared <= limits.memory and not _too_much(others, limits):
            strikes = 0
            continue
        strikes += 1
        if strikes >= STRIKES:
            os._exit(1)  # and with the first process of the namespaces every other
        _kill_newest_group(others)
        shared = 0  # as far as is known


def _shared(processes: Sequence[int]) -> int:
    """Bytes of memory that processes share without a file, each piece once: who filled it may have ended."""
    pieces: dict[tuple[str, str], int] = {}
    for process in processes:
        with _gone_meanwhile(), contextlib.suppress(ValueError):
            for line in Path(f"/proc/{process}/maps").read_text().splitlines():
                if line.endswith("/dev/zero (deleted)"):
                    span, _, _, device, inode, *_ = line.split(maxsplit=5)
                    start, end = (int(number, 16) for number in span.split("-"))
                    pieces[device, inode] = max(pieces.get((device, inode), 0), end - start)
    return sum(pieces.values())


def _in_sockets(processes: Sequence[int]) -> int:
    """Bytes that sockets may hold. The kernel says of a socket which it is, and not how much is in it."""
    sockets: set[str] = set()
    for process in processes:
        with _gone_meanwhile(), os.scandir(f"/proc/{process}/fd") as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    link = os.readlink(entry.path)  # noqa: PTH115 - there can be thousands
                    if link.startswith("socket:"):
                        sockets.add(link)
    return len(sockets) * SOCKET


def _too_much(processes: Sequence[int], limits: Limits) -> bool:
    """Whether processes use more memory than they may: their own, what they share, and the files on the memory disk."""
    kept = _on_disk()
    if kept + sum(map(_resident, processes)) <= limits.memory:
        return False
    return kept + sum(map(_own, processes)) > limits.memory


@contextlib.contextmanager
def _gone_meanwhile() -> Iterator[None]:
    """Pass over a process that has ended. Whatever else keeps this one from looking ends it, and with it all."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ESRCH, errno.EACCES, errno.EPERM):
            raise


def _on_disk() -> int:
    state = os.statvfs(_DISK)
    return (state.f_blocks - state.f_bfree) * state.f_frsize + (state.f_files - state.f_ffree) * _INODE


def _kill_newest_group(processes: list[int]) -> None:
    """End the newest group of processes: that of the example at work."""
    groups = set()
    for process in processes:
        with contextlib.suppress(OSError):
            os.kill(process, signal.SIGSTOP)
            groups.add(os.getpgid(process))
    kill_group(max(groups, default=0))
    for process in processes:
        with contextlib.suppress(OSError):
            os.kill(process, signal.SIGCONT)


def _resident(process: int) -> int:
    """Bytes of memory that are no file's, shared ones in full."""
    return _bytes(process, "status", ("RssAnon:", "RssShmem:"))


def _own(process: int) -> int:
    """Bytes of memory that are no file's, shared ones in part; this takes the kernel long to say.

    A process that cannot be looked into, since nobody may read its program, has all of its memory for its own.
    """
    return _bytes(process, "smaps_rollup", ("Pss_Anon:", "Pss_Shmem:")) or _resident(process)


def _bytes(process: int, file: str, fields: tuple[str, ...]) -> int:
    text = ""
    with _gone_meanwhile():
        text = Path(f"/proc/{process}/{file}").read_text()
    return sum(int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith(fields))
