"""What an export does without any effect on its graph, left out: it is half of its time.

Each shortcut replaces a private part of the exporters of transformers or torch while an export runs. Where a release
has no such part there is no such shortcut, and the export takes longer.
"""

from __future__ import annotations

import copy
import functools
import importlib
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from suite.backends.shared.onnx.lowering import lower

MODELS = "transformers.models."


@contextmanager
def shortcuts() -> Iterator[None]:
    """Let exports in here take every shortcut that there is."""
    with ExitStack() as replaced:
        for shortcut in (_patches_of_loaded_models, _one_registry, _no_second_trace):
            for owner, name, value in shortcut():
                replaced.enter_context(_replaced(owner, name, value))
        yield


@contextmanager
def _replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    original = vars(owner)[name]  # a class method as it is written, not bound
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, original)


Replacement = tuple[Any, str, Any]


def _patches_of_loaded_models() -> Iterator[Replacement]:
    """The exporter imports many architectures to patch their classes: those not imported by then are not in use."""
    from transformers.exporters import utils

    patches = getattr(utils, "_PATCHES", None)
    if isinstance(patches, dict):
        used = {exporter: [patch for patch in listed if _is_loaded(patch)] for exporter, listed in patches.items()}
        yield utils, "_PATCHES", used


def _is_loaded(patch: Any) -> bool:
    """Whether what a patch changes is there already: `patch` names it first, by its dotted path."""
    path = patch[0] if isinstance(patch, tuple) and patch else None
    if not isinstance(path, str) or not path.startswith(MODELS):
        return True
    return ".".join(path.split(".")[:4]) in sys.modules  # transformers.models.FAMILY.MODULE


def _one_registry() -> Iterator[Replacement]:
    """torch collects its translations to ONNX again for every graph, by parsing the source of each."""
    registry = _private("torch.onnx._internal.exporter._registration", "ONNXRegistry")
    collect = getattr(registry, "from_torchlib", None)
    if collect is not None:
        once = functools.cache(collect)

        def from_torchlib(*given: Any, **named: Any) -> Any:
            collected = once(*given, **named)
            translations = getattr(collected, "functions", None)
            if not isinstance(translations, dict):
                return collect(*given, **named)
            fresh = copy.copy(collected)
            # The exporter adds translations of its own.
            fresh.functions = {operation: list(of_it) for operation, of_it in translations.items()}
            return fresh

        yield registry, "from_torchlib", staticmethod(from_torchlib)


def _no_second_trace() -> Iterator[Replacement]:
    """torch traces all operations again to decompose those without a translation, even where there is none."""
    passes = _private("torch.onnx._internal.exporter._fx_passes")
    retrace = getattr(passes, "decompose_with_registry", None)
    if retrace is not None:

        def decompose(*given: Any, **named: Any) -> Any:
            program, registry = given if len(given) == 2 else (None, None)
            is_translated = getattr(registry, "is_registered", None)
            if hasattr(program, "graph_module") and is_translated is not None and lower(program, is_translated):
                return program
            return retrace(*given, **named)

        yield passes, "decompose_with_registry", decompose


def _private(module: str, name: str | None = None) -> Any:
    """A module, or what it calls `name`; None if this release has none."""
    try:
        holder = importlib.import_module(module)
    except ImportError:
        return None
    return holder if name is None else getattr(holder, name, None)
