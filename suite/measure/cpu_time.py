"""The CPU time of a process: how long it computed, waited for a core, or was idle."""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

try:
    import resource
except ImportError:  # Windows has none
    resource = None  # type: ignore[assignment]

_TASKS = Path("/proc/self/task")


@dataclass(frozen=True)
class Usage:
    """A reading of the clocks, in seconds. `waited` is the time all threads stood in the run queue, `faults` how often
    the process has waited for a page of its memory to come from the disk, `reading` how long it took to read them all.
    """

    wall: float
    cpu: float
    waited: float
    faults: int = 0
    reading: float = 0.0

    @classmethod
    def now(cls) -> Usage:
        """Read them."""
        wall = time.perf_counter()
        cpu, waited, faults = time.process_time(), _run_queue_seconds() + _stolen_seconds(), _faults()
        return cls(wall, cpu, waited, faults, time.perf_counter() - wall)

    def idle_share(self, since: Usage) -> float:
        """The share of the wall time since then that was neither computed in nor waited for a core.

        It starts when the reading before was done: the process may have lost its core in the middle of it, which the
        waiting time of that reading holds already. Threads overlap, so computing and waiting are over-counted rather
        than under-counted: a process that is merely crowded off its cores reads 0, and so is one that had to wait for
        its own memory: how long is not known. On systems that do not report the waiting time the share is an upper
        bound.
        """
        wall = self.wall - (since.wall + since.reading)
        if wall <= 0 or self.faults > since.faults:
            return 0.0
        busy = (self.cpu - since.cpu) + (self.waited - since.waited)
        return max(0.0, 1.0 - busy / wall)


def _run_queue_seconds() -> float:
    total = 0
    try:
        for task in _TASKS.iterdir():
            total += int((task / "schedstat").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return total / 1e9
    return total / 1e9


def _faults() -> int:
    return 0 if resource is None else resource.getrusage(resource.RUSAGE_SELF).ru_majflt


def _stolen_seconds() -> float:
    """Time that a hypervisor gave to others, over all cores."""
    try:
        fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()
        return int(fields[8]) / os.sysconf("SC_CLK_TCK")
    except (OSError, IndexError, ValueError):
        return 0.0


def cpu_seconds(pid: int) -> float | None:
    """CPU time of another process so far, over all its threads, to the nanosecond where the system reports it."""
    total = 0
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
    except (OSError, IndexError, ValueError):
        return None
    return total / 1e9


def starved_seconds(pid: int) -> float:
    """How long another process, and those that it has started, stood in the run queue for a core: their first threads,
    which are those that work is waited for. 0 where the system does not report it.
    """
    total = 0
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        for one in (process, *process.children(recursive=True)):
            with contextlib.suppress(OSError, IndexError, ValueError):
                total += int(Path(f"/proc/{one.pid}/schedstat").read_text().split()[1])
    return total / 1e9
