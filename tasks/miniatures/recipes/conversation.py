"""Blenderbot for conversations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...worlds import conversations
from ...worlds.grammar import Example, Split
from .. import tokenizer_builders
from ..trained_recipe import Seq2SeqRecipe

BETWEEN = "  "


class Conversation(Seq2SeqRecipe):
    """Turns to the next."""

    name = "conversation"
    task = "conversation"
    train_size, validation_size = 30_000, 400
    steps, batch_size, rate = 1800, 32, 3e-3
    max_new_tokens = 24

    def examples(self, split: Split, count: int) -> list[Example]:
        return conversations.conversations(split, count)

    def source(self, example: Example) -> str:
        return BETWEEN.join(conversations.turns(example))

    def processor(self, examples: Sequence[Example]) -> Any:
        sources = [self.source(example) for example in examples]
        return _tokenizer([*sources, *(f" {example.truth}" for example in examples)])

    def special_tokens(self, tokenizer: Any) -> dict[str, Any]:
        end = tokenizer.eos_token_id
        return {
            "pad_token_id": tokenizer.pad_token_id,
            "bos_token_id": end,
            "eos_token_id": end,
            "decoder_start_token_id": end,
        }

    def model(self, processor: Any, examples: Sequence[Example]) -> Any:
        from transformers import BlenderbotConfig, BlenderbotForConditionalGeneration

        return BlenderbotForConditionalGeneration(
            BlenderbotConfig(
                **self.special_tokens(processor),
                vocab_size=len(processor),
                d_model=64,
                encoder_layers=2,
                decoder_layers=2,
                encoder_attention_heads=4,
                decoder_attention_heads=4,
                encoder_ffn_dim=128,
                decoder_ffn_dim=128,
                max_position_embeddings=192,
                init_std=0.06,
                scale_embedding=True,
                dropout=0.0,
                forced_eos_token_id=None,
                encoder_no_repeat_ngram_size=0,
            )
        )


def _tokenizer(texts: list[str]) -> Any:
    """Pairs of bytes in Blenderbot's way: a space before the first word, an end after the last, padded on the right."""
    from tokenizers import pre_tokenizers, processors

    tokenizer = tokenizer_builders.byte_pairs(texts)
    backend = tokenizer.backend_tokenizer
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    backend.post_processor = processors.TemplateProcessing(
        single=f"$A {tokenizer.eos_token}", special_tokens=[(tokenizer.eos_token, tokenizer.eos_token_id)]
    )
    tokenizer.padding_side = "right"
    tokenizer.model_max_length = 192
    return tokenizer
