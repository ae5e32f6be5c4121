"""The process that children are forked from, with the libraries in use already imported."""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.connection
import multiprocessing.forkserver
import os
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from suite.core.files import project_root
from suite.processes import preload
from suite.processes.stdio import print_to

_MAIN = threading.Lock()
"""Workers are also started by threads, and the main module is one for all."""


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
        wanted = (preload.MODULE_NAME, *sorted((environment | dict(instead or {})).items()))
        if not self.preloads or wanted == Forkserver._running:
            return
        _stop_forkserver()
        self.context.set_forkserver_preload([preload.MODULE_NAME])
        with _environment(environment, instead), _output_to(log), unimportable_main():
            multiprocessing.forkserver.ensure_running()
        Forkserver._running = wanted


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
