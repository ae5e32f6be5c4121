"""Imported once, by the forkserver, so that every worker is born with the libraries loaded.

Imports only: no tensor operation, tokenizer call, ONNX Runtime session or CUDA query, since threads and device contexts
do not survive a fork. `transformers` is lazy, so the concrete classes in use are named by the parent, in a file that is
passed on as a descriptor. A preload that fails does so silently: `effect()`, asked in a worker, says whether it did.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import json
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from suite.core.errors import TouchstoneError
from suite.core.import_path import SAFE_PATH

DESCRIPTOR_VARIABLE = "TOUCHSTONE_PRELOAD"
"""The number of an open file: JSON, the `names` to import (a class of transformers, or module:attribute) and folders of
`tasks`.
"""
MODULES = ("torch", "transformers", "numpy", "safetensors.torch", "scipy.stats")
MODULE_NAME = "suite.processes.preload"

PID = os.getpid()
_PARENT = os.getppid()
MISSING: list[str] = []


@contextlib.contextmanager
def _ending_with_parent() -> Iterator[None]:
    """End this process if the run dies in here: a forkserver would notice that only once its imports are over."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.2):
            if os.getppid() != _PARENT:
                os._exit(1)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()  # no thread may be alive when the first worker is forked


def _import_all(imports: dict[str, Any]) -> None:
    for module in MODULES:
        try:
            importlib.import_module(module)
        except ImportError:
            MISSING.append(module)
    transformers = sys.modules.get("transformers")
    for name in imports["names"]:
        module, _, attribute = name.rpartition(":")
        try:
            holder = importlib.import_module(module) if module else transformers
            if attribute:
                getattr(holder, attribute)
        except Exception:  # whatever a library raises as it is imported is for those who use it
            MISSING.append(name)
    if imports["tasks"]:
        from suite.task import discovery

        for folder in imports["tasks"]:
            # A folder that cannot be loaded is told to whoever asks for a task of it.
            with contextlib.suppress(TouchstoneError):
                discovery.load_tasks(Path(folder))


def _end() -> None:
    """End the forkserver at once: unloading the libraries takes seconds of a processor that others measure on."""
    if os.getpid() == PID:
        os._exit(0)


_paths = list(sys.path)
if DESCRIPTOR_VARIABLE in os.environ:
    with open(int(os.environ.pop(DESCRIPTOR_VARIABLE)), encoding="utf-8") as _file:  # noqa: PTH123 - it has no path
        if _file.seekable():  # where the forkserver could not import this, it is its children that do
            _file.seek(0)
        _imports = json.load(_file)
    with _ending_with_parent():
        _import_all(_imports)
    atexit.register(_end)  # the last to be registered is the first to be called
    os.environ.pop(SAFE_PATH, None)  # it is for the imports here; what children start has a script's folder on its path
ADDED_PATHS = [path for path in sys.path if path not in _paths]
"""What libraries put on the import path as they were imported; multiprocessing gives a child the parent's path."""


def restore_paths() -> None:
    """Put back onto the import path what the preloaded libraries had put there."""
    sys.path.extend(path for path in ADDED_PATHS if path not in sys.path)


def effect(asked: bool) -> str | None:
    """Why the preload did not take effect in this worker, or `None` if it did (or was not asked for)."""
    if not asked:
        return None
    if os.getppid() != PID:
        return f"{MODULE_NAME} was not imported by the forkserver"
    if MISSING:
        return f"{MODULE_NAME} could not import {', '.join(MISSING)}"
    return None
