"""How long a text and how large a token id a model takes, from its modules: they are built, but hold no weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from suite.core.errors import CheckpointError
from suite.subjects.class_fit import SEGMENTS

SEGMENT_TABLE = "token_type_embeddings"
ANSWER_TABLES = frozenset({"embed_positions", "position_embeddings"})
"""What classes call the tables of the parts of a pair, and of a decoder's positions."""


@dataclass(frozen=True)
class InputLimits:
    """What a model has room for, each where it is known.

    `positions` is how many tokens fit, where the modules tell more than the config; `vocabulary` how many token ids
    there are, `segments` how many ids of the parts of a pair, and `answer` how many tokens the decoder of an
    encoder-decoder can write, its first one, which is given, not counted.
    """

    positions: int | None = None
    vocabulary: int | None = None
    segments: int | None = None
    answer: int | None = None


def input_limits(build: Callable[[], Any]) -> InputLimits:
    """The limits of the model that `build` makes; nothing where its class cannot be made without weights."""
    import torch

    try:
        with torch.device("meta"):
            model = build()
        words = model.get_input_embeddings()
    except Exception:  # classes raise whatever they like; loading the weights will say what is wrong
        return InputLimits()
    answer, rows = _answer(model), _rows(words)
    if rows is None:
        return InputLimits(answer=answer)  # of a model that takes no tokens first: patches of a picture, say
    segments = [_rows(module) for name, module in model.named_modules() if name.split(".")[-1] == SEGMENT_TABLE]
    return InputLimits(_positions(model, words), rows, min(filter(None, segments), default=None), answer)


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


def too_long_an_answer(task: str, generation: Mapping[str, Any] | None, limits: InputLimits) -> str | None:
    """Why a decoder cannot write what a task asks for; `None` where it can."""
    asked = 0 if generation is None else int(generation["max_new_tokens"])
    if limits.answer is None or asked <= limits.answer:
        return None
    return (
        f"its decoder has positions for an answer of {limits.answer} tokens, and {task} asks for {asked}: pass a "
        "checkpoint with more"
    )


def unknown_segments(encoded: Any, segments: int) -> bool:
    """Whether a batch tells parts of a pair apart that the model has no embedding for."""
    ids = encoded.get(SEGMENTS)
    return ids is not None and bool((ids >= segments).any())


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


def largest_segment(processor: Any) -> int | None:
    """The largest id that the tokenizer gives a part of a pair; `None` where it does not number them."""
    tokenizer = getattr(processor, "tokenizer", processor)
    if SEGMENTS not in getattr(tokenizer, "model_input_names", ()):
        return None
    try:
        return max(tokenizer("a", "b")[SEGMENTS], default=None)
    except Exception:  # a tokenizer that takes no pairs raises whatever it likes: what a task encodes is looked at
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


def _answer(model: Any) -> int | None:
    """How many tokens a decoder beside an encoder writes at most, where its positions are a table."""
    if not getattr(model.config, "is_encoder_decoder", False):
        return None
    decoder = model.get_decoder()
    tables = [module for name, module in decoder.named_modules() if name.split(".")[-1] in ANSWER_TABLES]
    sizes = [(_rows(table), getattr(table, "offset", 0)) for table in tables]
    return min((rows - offset - 1 for rows, offset in sizes if rows is not None), default=None)


def _rows(module: Any) -> int | None:
    """Of an embedding, quantized or not, how many rows it has."""
    weight: Any = getattr(module, "weight", None)
    return int(weight.shape[0]) if hasattr(module, "padding_idx") and getattr(weight, "ndim", 0) == 2 else None
