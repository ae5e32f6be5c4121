"""How long a text and how large a token id a model takes, from its modules: they are built, but hold no weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from suite.core.errors import CheckpointError


@dataclass(frozen=True)
class InputLimits:
    """`positions` is how many tokens fit, where the modules tell more than the config; `vocabulary` the ids."""

    positions: int | None = None
    vocabulary: int | None = None


def input_limits(build: Callable[[], Any]) -> InputLimits:
    """The limits of the model that `build` makes; nothing where its class cannot be made without weights."""
    import torch

    try:
        with torch.device("meta"):
            model = build()
        words = model.get_input_embeddings()
    except Exception:  # classes raise whatever they like; loading the weights will say what is wrong
        return InputLimits()
    rows = _rows(words)
    if rows is None:
        return InputLimits()  # of a model that takes no tokens first: patches of a picture, say
    return InputLimits(_positions(model, words), rows)


def apply_limits(processor: Any, limits: InputLimits) -> None:
    """Let the tokenizer say how long a text may be.

    Raises:
        CheckpointError: it pads with a token that the model does not know.
    """
    tokenizer = getattr(processor, "tokenizer", processor)
    if limits.positions is not None and limits.positions < getattr(tokenizer, "model_max_length", 0):
        tokenizer.model_max_length = limits.positions
    pad = getattr(tokenizer, "pad_token_id", None)
    if limits.vocabulary is not None and isinstance(pad, int) and pad >= limits.vocabulary:
        raise CheckpointError(
            f"The tokenizer pads with {tokenizer.pad_token!r}, id {pad}, and the model knows {limits.vocabulary} ids: "
            "call resize_token_embeddings() and save the model again, or set pad_token to one that it knows."
        )


def unknown_ids(encoded: Any, vocabulary: int) -> list[int]:
    """The token ids of a batch that are beyond the vocabulary."""
    ids = [encoded[name] for name in ("input_ids", "decoder_input_ids") if name in encoded]
    return sorted({int(one) for tensor in ids for one in tensor[tensor >= vocabulary].flatten().tolist()})


def largest_id(processor: Any) -> int | None:
    """The largest id that the tokenizer can give; `None` where it has no table to look it up in."""
    tokenizer = getattr(processor, "tokenizer", processor)
    try:
        return max(tokenizer.get_vocab().values(), default=None)
    except (AttributeError, NotImplementedError):
        return None


def _positions(model: Any, words: Any) -> int | None:
    """How many positions are left where they are counted from the padding index on, as RoBERTa does it.

    Such a table of positions stands beside that of words, and has a padding index.
    """
    parent = next((module for module in model.modules() if any(child is words for child in module.children())), None)
    if parent is None:
        return None
    tables = [module for name, module in parent.named_children() if "position" in name]
    sizes = [(_rows(table), getattr(table, "padding_idx", None)) for table in tables]
    return min(
        (rows - padding - 1 for rows, padding in sizes if rows is not None and padding is not None), default=None
    )


def _rows(module: Any) -> int | None:
    """Of an embedding, quantized or not, how many rows it has."""
    weight: Any = getattr(module, "weight", None)
    return int(weight.shape[0]) if hasattr(module, "padding_idx") and getattr(weight, "ndim", 0) == 2 else None
