"""The report of a run that goes on: written again every half minute, while nothing is timed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

from suite.core.environment import variables
from suite.core.import_path import package_folders
from suite.executors.gate import Closed, Gate
from suite.records.run_folder import LINES

INTERVAL = 30.0
"""Seconds between two reports."""
NICENESS = 10
_PROGRAM = """
import ctypes, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # it ends with the run, also where it stands still
from suite.cli.commands import main
sys.exit(main(["report", sys.argv[1]]))
"""


class GrowingReport:
    """Writes the report into a run's folder as its rows grow. `tell` gets a line when the first one is there.

    Only on Linux: elsewhere a process that stands still would outlive a run that is killed.
    """

    def __init__(self, folder: Path, gate: Gate, tell: Callable[[str], None]) -> None:
        self._folder, self._gate, self._tell = folder, gate, tell
        self._ended = threading.Event()
        self._writer: _Writer | None = None
        self._thread = threading.Thread(target=self._work, name="report", daemon=True)
        if sys.platform == "linux":
            self._thread.start()

    def close(self) -> None:
        """Write no more: what is being written is given up."""
        self._ended.set()
        if self._writer is not None:
            self._writer.kill()
        if self._thread.is_alive():
            self._thread.join()

    def _work(self) -> None:
        seen = 0
        while not self._ended.wait(INTERVAL):
            size = self._size()
            if size == seen:
                continue
            self._writer = writer = _Writer(self._folder)
            try:
                with self._gate.request(writer):
                    written = writer.run() == 0
            except (Closed, OSError):
                return
            if written and not seen:
                self._tell(f"the report so far: {self._folder / 'report.html'}")
            seen = size

    def _size(self) -> int:
        with suppress(OSError):
            return (self._folder / LINES[0]).stat().st_size
        return 0


class _Writer:
    """The process that writes one report: what it imports, and what it draws, is nothing to the run's own process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._is_paused = self._is_ended = False
        self._state = threading.Lock()

    @property
    def pid(self) -> int | None:
        """Its number, once it is there."""
        return None if self._process is None else self._process.pid

    def run(self) -> int:
        """Write the report; the exit code.

        Raises:
            OSError: the process cannot be started.
        """
        with self._state:
            if self._is_ended:
                return 1
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", _PROGRAM, str(self._folder)],
                env={**variables(), "PYTHONPATH": package_folders(os.environ.get("PYTHONPATH", ""))},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            with suppress(psutil.Error):
                psutil.Process(self._process.pid).nice(NICENESS)
            if self._is_paused:
                self._process.send_signal(signal.SIGSTOP)
        return self._process.wait()

    def pause(self) -> None:
        """Stand still."""
        with self._state:
            self._is_paused = True
            if self._process is not None:
                self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Go on."""
        with self._state:
            self._is_paused = False
            if self._process is not None:
                self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End at once."""
        with self._state:
            self._is_ended = True
            if self._process is not None:
                self._process.kill()
