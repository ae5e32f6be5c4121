"""The small Llama of two miniatures, and its initial weights, with which it learns to look things up."""

from __future__ import annotations

from typing import Any

BEGINNING = "two heads begin as the pair that finds what followed a word earlier"
SEEN = 18
"""Dimensions in which a token is recognized."""


def small_llama(special_tokens: dict[str, Any], vocabulary: int) -> Any:
    """A Llama of three layers for `vocabulary` tokens, with the initial weights of `begin_to_look_up`."""
    from transformers import LlamaConfig, LlamaForCausalLM

    model = LlamaForCausalLM(
        LlamaConfig(
            **special_tokens,
            vocab_size=vocabulary,
            hidden_size=64,
            intermediate_size=128,
            num_hidden_layers=3,
            num_attention_heads=4,
            num_key_value_heads=2,
            head_dim=32,
            max_position_embeddings=640,
            initializer_range=0.06,
            tie_word_embeddings=True,
        )
    )
    begin_to_look_up(model)
    return model


def begin_to_look_up(model: Any, place: float = 2.2, match: float = 2.2) -> None:
    """Let two heads begin as the pair that finds what followed a word earlier. All else is learned, and so may they be.

    A model of this size comes upon them by chance, or not at all. One dimension begins as the same for all tokens,
    which stands in for a bias. The first head turns it by one step, so that it attends to the token before, and copies
    what it was; the second attends to where its own token was copied, and says what stands there. It recognizes tokens
    in the slow dimensions, which distance hardly turns.
    """
    import torch

    config = model.config
    width, size = config.hidden_size, config.head_dim
    half = size // 2
    token, before = slice(width - SEEN, width), slice(width - 2 * SEEN, width - SEEN)
    slow = [*range(half - SEEN // 2, half), *range(size - SEEN // 2, size)]
    fast = torch.arange(half - SEEN // 2)
    rates = model.model.rotary_emb.inv_freq[: len(fast)]
    eye = torch.eye(SEEN)
    with torch.no_grad():
        table = model.model.embed_tokens.weight
        table[:, : token.start] *= 0.3
        table[:, token] *= 2
        table[:, 0] = 0.3
        first, second = (_Head(model.model.layers[layer].self_attn, size) for layer in (0, 1))
        first.key[fast, 0] = place
        first.query[fast, 0] = place * rates.cos()
        first.query[fast + half, 0] = -place * rates.sin()
        second.query[slow, token] = match * eye
        second.key[slow, before] = match * eye
        for head, target in ((first, before), (second, token)):
            head.value[:SEEN, token] = 0.6 * eye
            head.output[target, :SEEN] = 0.33 * eye


class _Head:
    """The first head of a layer, with nothing in it."""

    def __init__(self, attention: Any, size: int) -> None:
        self.query = attention.q_proj.weight[:size]
        self.key = attention.k_proj.weight[:size]
        self.value = attention.v_proj.weight[:size]
        self.output = attention.o_proj.weight[:, :size]
        for weight in (self.query, self.key, self.value, self.output):
            weight.zero_()
