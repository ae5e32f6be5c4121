"""The report of a run that goes on: written again every half minute, while nothing is timed."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

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
            try:
                self._writer = _Writer(self._folder)
                with self._gate.request(self._writer):
                    written = self._writer.wait() == 0
            except (Closed, OSError):
                return
            finally:
                if self._writer is not None:
                    self._writer.kill()
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
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", _PROGRAM, str(folder)],
            env={**os.environ, "PYTHONPATH": package_folders(os.environ.get("PYTHONPATH", ""))},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.pid = self._process.pid
        with suppress(psutil.Error):
            psutil.Process(self.pid).nice(NICENESS)

    def wait(self) -> int:
        """Its exit code, once it has ended."""
        return self._process.wait()

    def pause(self) -> None:
        """Stand still."""
        with suppress(psutil.Error):
            psutil.Process(self.pid).suspend()

    def resume(self) -> None:
        """Go on."""
        with suppress(psutil.Error):
            psutil.Process(self.pid).resume()

    def kill(self) -> None:
        """End at once."""
        with suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait()
