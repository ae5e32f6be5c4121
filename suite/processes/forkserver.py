"""The process that children are forked from, with the libraries in use already imported."""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.connection
import multiprocessing.forkserver
import multiprocessing.util
import os
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import psutil

from suite.core.files import project_root
from suite.core.ownership import Held, OwnedLock, mark_as_ours
from suite.processes import preload
from suite.processes.stdio import print_to

_MAIN = threading.Lock()
"""Workers are also started by threads, and the main module is one for all."""
_MARKS: dict[str, OwnedLock] = {}
"""The locks in multiprocessing's temporary folder, which holds the forkserver's socket."""


class Forkserver:
    """The process that workers are forked from, with the libraries in use already imported.

    multiprocessing has one per process and ends it with the process; one that has what is asked for is used again.
    """

    _running: ClassVar[tuple[object, ...] | None] = None

    def __init__(
        self,
        names: Iterable[str],
        threads: int,
        log: Path,
        instead: Mapping[str, str] | None = None,
        tasks: Iterable[Path] = (),
    ) -> None:
        """`instead` is all that it and its children find in the environment, beside what is set here.

        `tasks` are folders of tasks to import as well.
        """
        self.preloads = hasattr(os, "fork")
        self.context: Any = multiprocessing.get_context("forkserver" if self.preloads else "spawn")
        self._log, self._instead = log, instead
        environment = {
            preload.NAMES_VARIABLE: ",".join(sorted(set(names))),
            preload.TASKS_VARIABLE: os.pathsep.join(map(str, tasks)),
            "PYTHONPATH": os.pathsep.join([str(project_root()), *filter(None, sys.path)]),
            "OMP_NUM_THREADS": str(threads),
            "MKL_NUM_THREADS": str(threads),
            "TOKENIZERS_PARALLELISM": "false",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        }
        self._environment = environment
        self._wanted = (preload.MODULE_NAME, *sorted((environment | dict(instead or {})).items()))
        if not self.preloads or self._wanted == Forkserver._running:
            return
        with unimportable_main():
            self._launch()

    def start(self, process: Any) -> None:
        """Start a child process, made by `context`. A forkserver that has died is started again before.

        Raises:
            EOFError: the forkserver died meanwhile.
            OSError: likewise, or the system has no process left.
        """
        with unimportable_main():
            if self.preloads and not _is_running():
                self._launch()
            process.start()

    def _launch(self) -> None:
        _stop_forkserver()
        _mark_temporary_folder()
        self.context.set_forkserver_preload([preload.MODULE_NAME])
        with _environment(self._environment, self._instead), _output_to(self._log):
            multiprocessing.forkserver.ensure_running()
        Forkserver._running = self._wanted


def _is_running() -> bool:
    """Whether the forkserver lives. multiprocessing would start another, but with this process's own environment."""
    server: Any = multiprocessing.forkserver._forkserver
    try:
        return bool(psutil.Process(server._forkserver_pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _mark_temporary_folder() -> None:
    """Say whose multiprocessing's temporary folder is: a process that is killed leaves it behind."""
    folder = multiprocessing.util.get_temp_dir()
    if folder not in _MARKS:
        with contextlib.suppress(Held, OSError):
            _MARKS[folder] = mark_as_ours(Path(folder))


def _stop_forkserver() -> None:
    """One forkserver serves a whole process, and multiprocessing has no public way to end it."""
    server: Any = multiprocessing.forkserver._forkserver
    server._stop()


@contextlib.contextmanager
def _environment(values: Mapping[str, str], instead: Mapping[str, str] | None) -> Iterator[None]:
    before = dict(os.environ)
    if instead is not None:
        os.environ.clear()
        os.environ.update(instead)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextlib.contextmanager
def _output_to(log: Path) -> Iterator[None]:
    """Let what is started in here inherit the log as its standard output and error."""
    saved = [os.dup(1), os.dup(2)]
    try:
        print_to(log)
        yield
    finally:
        for number, copy in zip((1, 2), saved, strict=True):
            os.dup2(copy, number)
            os.close(copy)


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
