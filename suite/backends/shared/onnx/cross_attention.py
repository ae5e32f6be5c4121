"""The keys and values that a decoder makes of its encoder's output: as outputs of a graph, and back in a cache."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def outputs(cache: Any) -> dict[str, Any]:
    """The cross-attention part of an `EncoderDecoderCache` as named outputs: `keys_0`, `values_0`, `keys_1`, ..."""
    named = {}
    for index, layer in enumerate(cache.cross_attention_cache.layers):
        named[f"keys_{index}"], named[f"values_{index}"] = layer.keys, layer.values
    return named


def begin(cache: Any, named: Mapping[str, Any]) -> None:
    """Fill an empty `EncoderDecoderCache` for a first step: `named` for the encoder, length 0 for the decoder."""
    for index in range(len(named) // 2):
        keys, values = named[f"keys_{index}"], named[f"values_{index}"]
        empty = keys[:, :, :0]
        cache.self_attention_cache.update(empty, empty, index)
        cache.cross_attention_cache.update(keys, values, index)
        cache.is_updated[index] = True
