"""The cache that a decoder's graph takes at its first step: tensors without a position, in the shapes it asks for."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from suite.backends.shared.cache_argument import NAMES
from suite.core.errors import Unsupported
from suite.core.printable import listed

MASK_OF_WINDOWS = "create_sliding_window_causal_mask"
"""What transformers' models call to mask what lies outside a window."""
KEYS, VALUES, INDEXED = "keys", "values", "indexer_keys"
_OF_LAYER = re.compile(r"layers\.(\d+)\.(\w+)")

Shape = Sequence[int | str | None]
"""Of a graph's input: a number where the graph says one, else a name or nothing."""
Layers = Mapping[int, Mapping[str, Shape]]


def layers_of(session: Any) -> Layers:
    """What a graph takes of a cache: by layer, the shapes of its keys, its values, and what it indexes.

    Raises:
        Unsupported: of some layers it takes something else.
    """
    layers: dict[int, dict[str, Shape]] = {}
    other: set[str] = set()
    for one in session.get_inputs():
        argument, _, path = one.name.removeprefix("input.").partition(".")
        if argument not in NAMES:
            continue
        found = _OF_LAYER.fullmatch(path)
        if found and found[2] in (KEYS, VALUES, INDEXED):
            layers.setdefault(int(found[1]), {})[found[2]] = one.shape
        else:
            other.add(re.sub(r"\d+", "N", path))
    if other or any({KEYS, VALUES} - tensors.keys() for tensors in layers.values()):
        raise Unsupported(
            f"its cache holds other than keys and values ({listed(sorted(other)) or 'one without the other'}), and the "
            "decoder that is run here is given those alone: use the backends of torch"
        )
    return layers


def fill(cache: Any, layers: Layers, batch: int, device: Any) -> None:
    """Give an empty cache its tensors, as if no token had been read."""
    import torch

    for index, tensors in sorted(layers.items()):
        empty = {name: torch.zeros(_sizes(shape, batch), device=device) for name, shape in tensors.items()}
        cache.update(empty[KEYS], empty[VALUES], index)
        if INDEXED in empty:
            cache.update_indexer(empty[INDEXED], index)


def _sizes(shape: Shape, batch: int) -> list[int]:
    """Of rows as many as the batch has; whatever else the graph leaves open is the number of positions."""
    return [batch, *(size if isinstance(size, int) else 0 for size in shape[1:])]


def without_windows(cache: Any, model: Any) -> Any:
    """A cache that keeps every position, in the place of an empty one of which some layers keep a window alone.

    How many positions a layer has seen would be a number of Python's, which a graph keeps as it was when it was traced.
    The model's mask keeps what lies outside the window from being read, as it does within a long prompt. A model that
    leaves that to its cache alone (Moshi) keeps the cache that it has.
    """
    from transformers import DynamicCache, cache_utils

    plain = (cache_utils.DynamicLayer, cache_utils.DynamicSlidingWindowLayer)
    kinds = {type(layer) for layer in cache.layers}
    replaced = kinds & {plain[1]} and kinds <= set(plain) and _masks_windows(model)
    return DynamicCache() if replaced else cache


def _masks_windows(model: Any) -> bool:
    """Whether some part of a model is of a module that makes masks for windows."""
    modules = {type(part).__module__ for part in model.modules()}
    return any(hasattr(sys.modules[name], MASK_OF_WINDOWS) for name in modules)
