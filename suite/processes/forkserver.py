"""The process that children are forked from, with the libraries in use already imported."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import multiprocessing.connection
import multiprocessing.forkserver
import multiprocessing.resource_tracker
import multiprocessing.util
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

from suite.core.environment import variables
from suite.core.errors import UsageError
from suite.core.ownership import SHORT_TEMPORARY_PLACE, Held, OwnedLock, mark_as_ours
from suite.processes import preload
from suite.processes.environment import library_settings
from suite.processes.stdio import errors_to

LONGEST_PLACE = 70
"""Bytes: with the names of a folder and of a socket below it that is as much as any system takes."""
_MAIN = threading.Lock()
"""Workers are also started by threads, and the main module is one for all."""
_MARKS: dict[str, OwnedLock] = {}
"""The locks in multiprocessing's temporary folder, which holds the forkserver's socket."""


DEATH_TRIES, DEATH_SECONDS = 20, 0.05
"""How often, and how long each time, a forkserver that listens no more is given to be dead."""


class Forkserver:
    """The process that workers are forked from, with the libraries in use already imported.

    multiprocessing has one per process and ends it with the process; one that has what is asked for is used again.
    """

    _running: ClassVar[_Start | None] = None

    def __init__(
        self,
        names: Iterable[str],
        threads: int,
        log: Path,
        tasks: Iterable[Path] = (),
    ) -> None:
        """`tasks` are folders of tasks to import as well."""
        self.preloads = hasattr(os, "fork")
        self.context: Any = multiprocessing.get_context("forkserver" if self.preloads else "spawn")
        environment = library_settings(threads)
        imports = {"names": sorted(set(names)), "tasks": [str(folder) for folder in tasks]}
        start = _Start(json.dumps(imports), {**variables(), **environment}, log)
        running = Forkserver._running
        # It was started for whatever the environment was then, as it would be by multiprocessing.
        wanted = (preload.MODULE_NAME, start.imports, environment)
        if not self.preloads or (running is not None and running.wanted == wanted):
            return
        start.wanted = wanted
        _mark_temporary_folder()
        _replace_server(start)
        with unimportable_main():
            multiprocessing.forkserver.ensure_running()
        Forkserver._running = start

    def start(self, process: Any) -> None:
        """Start a child process, made by `context`. A forkserver that has died is started again before, as it was.

        Raises:
            EOFError: the forkserver died meanwhile.
            OSError: likewise, or the system has no process left.
        """
        for _ in range(DEATH_TRIES):
            try:
                with unimportable_main():
                    process.start()
                return
            except ConnectionRefusedError:  # it is dying, and not yet known to be dead
                time.sleep(DEATH_SECONDS)
        with unimportable_main():
            process.start()


def _mark_temporary_folder() -> None:
    """Say whose multiprocessing's temporary folder is: a process that is killed leaves it behind. Raises UsageError."""
    folder = _temporary_folder()
    if folder not in _MARKS:
        with contextlib.suppress(Held, OSError):
            _MARKS[folder] = mark_as_ours(Path(folder))


def _temporary_folder() -> str:
    """multiprocessing's temporary folder, for a socket: in /tmp where the system's own has too long a name for that.

    Raises:
        UsageError: there is no folder with a name that is short enough.
    """
    place = tempfile.gettempdir()
    with contextlib.suppress(OSError):
        if len(os.fsencode(place)) > LONGEST_PLACE:
            tempfile.tempdir = SHORT_TEMPORARY_PLACE
        folder = multiprocessing.util.get_temp_dir()
        if not hasattr(os, "fork") or len(os.fsencode(folder)) <= LONGEST_PLACE + len("/pymp-12345678"):
            tempfile.tempdir = place
            return folder
    tempfile.tempdir = place
    raise UsageError(
        f"The name of the temporary folder ({place}) is too long for the socket of a worker, and no folder can be made "
        f"in {SHORT_TEMPORARY_PLACE}: let TMPDIR name one of at most {LONGEST_PLACE} characters."
    )


@dataclass
class _Start:
    """How a forkserver is started, the first time and again where it has died.

    `imports` is JSON for `suite.processes.preload`; `environment` is all of its environment.
    """

    imports: str
    environment: dict[str, str]
    log: Path
    wanted: object = None


class _Server(multiprocessing.forkserver.ForkServer):
    """multiprocessing's own, but that whatever it starts gets a constructed environment.

    multiprocessing lets it inherit what the environment happens to be, and starts it again on its own once it has died.
    """

    def __init__(self, start: _Start) -> None:
        super().__init__()
        self._start = start
        self._starting = threading.Lock()
        self.set_forkserver_preload([preload.MODULE_NAME])

    def ensure_running(self) -> None:
        with errors_to(self._start.log):  # at its end it complains about the locks of workers that were ended
            multiprocessing.resource_tracker.ensure_running()
        module: Any = multiprocessing.forkserver
        with self._starting:
            # Of this one module alone: others of multiprocessing go on to use the real one.
            module.util = SimpleNamespace(**{**vars(multiprocessing.util), "spawnv_passfds": self._spawn})
            try:
                super().ensure_running()
            finally:
                module.util = multiprocessing.util

    def _spawn(self, executable: str, arguments: Sequence[str], descriptors: Sequence[int]) -> int:
        """Start the forkserver; the list of imports is a file without a name, since it can be long. Raises OSError."""
        with tempfile.TemporaryFile() as imports, self._start.log.open("ab") as log:
            imports.write(self._start.imports.encode())
            imports.seek(0)
            process = subprocess.Popen(
                list(map(os.fsdecode, arguments)),
                executable=os.fsdecode(executable),
                env={**self._start.environment, preload.DESCRIPTOR_VARIABLE: str(imports.fileno())},
                pass_fds=[*descriptors, imports.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        process.returncode = 0  # the base class waits for it, by its number
        return process.pid


def _replace_server(start: _Start) -> None:
    """End the forkserver that runs and let multiprocessing use another; it has no public way to do either."""
    module: Any = multiprocessing.forkserver
    module._forkserver._stop()
    server = _Server(start)
    module._forkserver = server
    for name in ("ensure_running", "get_inherited_fds", "connect_to_new_process", "set_forkserver_preload"):
        setattr(module, name, getattr(server, name))


@contextlib.contextmanager
def unimportable_main() -> Iterator[None]:
    """Keep children from importing pytest's entry script again as their own main module."""
    with _MAIN:
        yield from _without_main()


def _without_main() -> Iterator[None]:
    main = sys.modules["__main__"]
    saved = {name: getattr(main, name) for name in ("__file__", "__spec__") if hasattr(main, name)}
    for name in saved:
        delattr(main, name)
    main.__spec__ = None
    try:
        yield
    finally:
        for name, value in saved.items():
            setattr(main, name, value)
