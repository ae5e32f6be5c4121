"""Imported once, by the forkserver, so that every worker is born with the libraries loaded.

Imports only: no tensor operation, tokenizer call, ONNX Runtime session or CUDA query, since threads and device contexts
do not survive a fork. `transformers` is lazy, so the concrete classes in use are named by the parent, in a file that is
passed on as a descriptor. A preload that fails does so silently: `effect()`, asked in a worker, says whether it did.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
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


def _end_if_alone() -> None:
    """End if the run has died meanwhile: a forkserver notices that only once its imports are over."""
    if os.getppid() != _PARENT:
        os._exit(1)


def _import_all(imports: dict[str, Any]) -> None:
    for module in MODULES:
        _end_if_alone()
        try:
            importlib.import_module(module)
        except ImportError:
            MISSING.append(module)
    transformers = sys.modules.get("transformers")
    for name in imports["names"]:
        _end_if_alone()
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


_paths = list(sys.path)
if DESCRIPTOR_VARIABLE in os.environ:
    with open(int(os.environ.pop(DESCRIPTOR_VARIABLE)), encoding="utf-8") as _file:  # noqa: PTH123 - it has no path
        if _file.seekable():  # where the forkserver could not import this, it is its children that do
            _file.seek(0)
        _imports = json.load(_file)
    _import_all(_imports)
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
