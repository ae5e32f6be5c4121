"""Files and folders that belong to a living process: locks that name their holder, temporary folders of ours."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import stat
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

TEMPORARY = ("touchstone-", "pymp-")
"""The beginnings of our temporary folders' names; multiprocessing makes the second."""
SHORT_TEMPORARY_PLACE = "/tmp"
"""Where such a folder lies that needs a short name, if the system's place for temporary files has a long one."""
MARKER = ".touchstone-owner"
"""The lock in such a folder. A folder without one is not ours."""
LONGEST = 1000
"""Bytes of a lock's file."""
SAME_START = 2.0
"""Seconds by which the start of one and the same process may seem to move when the clock is set."""


@dataclass(frozen=True)
class Holder:
    """The process that holds a lock. `started` is the process's own start, in seconds since the epoch."""

    pid: int
    started: float
    since: str

    @classmethod
    def this_process(cls) -> Holder:
        """This process, from now on."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        return cls(os.getpid(), psutil.Process().create_time(), now)

    @property
    def is_alive(self) -> bool:
        """Whether the process still runs: one of that number that began at another time is another process."""
        try:
            return abs(psutil.Process(self.pid).create_time() - self.started) < SAME_START
        except psutil.NoSuchProcess:
            return False
        except psutil.Error:
            return True


class Held(Exception):  # noqa: N818 - a state, and no fault
    """Another process, or another session of this one, holds the lock. `holder` is None where that is unknown."""

    def __init__(self, holder: Holder | None) -> None:
        super().__init__(holder)
        self.holder = holder


class OwnedLock:
    """A lock that is gone with its process, and whose file says which process that is."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = FileLock(path, thread_local=False)

    def acquire(self) -> None:
        """Take the lock, at once.

        Raises:
            Held: it is taken.
            OSError: the file cannot be written.
        """
        try:
            self._lock.acquire(blocking=False)
        except Timeout:
            raise Held(_read_new_holder(self.path)) from None
        try:
            self.path.write_text(json.dumps(asdict(Holder.this_process())), encoding="utf-8")
        except BaseException:
            self._lock.release()
            raise

    def release(self) -> None:
        """Give the lock up and remove its file. A lock that is not held stays as it is."""
        if not self._lock.is_locked:
            return
        # While it is held: whoever waits for it then notices that its name is gone. Windows removes no open file.
        with contextlib.suppress(OSError):
            self.path.unlink()
        self._lock.release()


def read_holder(path: Path) -> Holder | None:
    """Who wrote a lock's file; None for one that is not there, is a link, or is not a lock's file of this user."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return None
    with open(descriptor, "rb") as file:  # noqa: PTH123 - of a descriptor
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode) or not _is_of_this_user(state):
            return None
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError, RecursionError):
            fields = json.loads(file.read(LONGEST))
            holder = Holder(fields["pid"], fields["started"], fields["since"])
            if (type(holder.pid), type(holder.started), type(holder.since)) == (int, float, str) and holder.pid > 0:
                return holder
    return None


def _read_new_holder(path: Path) -> Holder | None:
    """The holder of a lock, which writes its name a moment after it has the lock."""
    for _ in range(20):
        if holder := read_holder(path):
            return holder
        time.sleep(0.01)
    return None


class TemporaryFolder:
    """A temporary folder of this process, removed with `close` or as the process ends.

    What was left by a process of ours that was killed is removed first.
    """

    def __init__(self, purpose: str = "") -> None:
        remove_abandoned()
        self._folder = tempfile.TemporaryDirectory(prefix=f"{TEMPORARY[0]}{purpose}", ignore_cleanup_errors=True)
        self.path = Path(self._folder.name)
        self._owner = mark_as_ours(self.path)

    def __enter__(self) -> Path:
        return self.path

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove it."""
        self._owner.release()
        self._folder.cleanup()


def mark_as_ours(folder: Path) -> OwnedLock:
    """Note in a temporary folder that it belongs to this process, for as long as the lock that is returned is held.

    Raises:
        Held: another process has noted so.
    """
    owner = OwnedLock(folder / MARKER)
    owner.acquire()
    return owner


def remove_abandoned() -> list[Path]:
    """Remove the temporary folders of ours whose process is dead; returns those. Nothing else is touched.

    Ours is a folder, and no link to one, of this user, with a regular file in it that names its process. A process in
    another container has a number that means nothing here: its lock still says that it lives.
    """
    removed = []
    for place in dict.fromkeys((tempfile.gettempdir(), SHORT_TEMPORARY_PLACE)):
        with contextlib.suppress(OSError), os.scandir(place) as entries:
            for entry in entries:
                if entry.name.startswith(TEMPORARY) and _is_abandoned(entry):
                    shutil.rmtree(entry.path, ignore_errors=True)
                    removed.append(Path(entry.path))
    return removed


def _is_abandoned(entry: os.DirEntry[str]) -> bool:
    try:
        if not entry.is_dir(follow_symlinks=False) or not _is_of_this_user(entry.stat(follow_symlinks=False)):
            return False
        holder = read_holder(Path(entry.path, MARKER))
        if holder is None or holder.is_alive:
            return False
        probe = FileLock(Path(entry.path, MARKER), thread_local=False)
        probe.acquire(blocking=False)
        probe.release()
    except (OSError, Timeout):
        return False
    return True


def _is_of_this_user(state: os.stat_result) -> bool:
    return not hasattr(os, "geteuid") or state.st_uid == os.geteuid()
