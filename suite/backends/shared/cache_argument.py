"""The key-value cache among a model's arguments and outputs, which transformers 5.24 renamed."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

NAMES = ("cache", "past_key_values")
"""The newer name first."""


def cache_name(accepted: Iterable[str]) -> str | None:
    """The name of the cache among the arguments that something takes; None where it takes none."""
    names = set(accepted)
    return next((name for name in NAMES if name in names), None)


def parameters(call: Callable[..., Any]) -> list[str]:
    """The names of a call's arguments."""
    return list(inspect.signature(call).parameters)


def cache_of(given: Mapping[str, Any]) -> Any:
    """The cache among the arguments or the outputs of a call; None where there is none."""
    return next((given[name] for name in NAMES if name in given and given[name] is not None), None)
