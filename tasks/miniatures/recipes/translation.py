"""T5 for translation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...worlds import translations
from ...worlds.grammar import Example, Split
from .. import tokenizer_builders
from ..trained_recipe import Seq2SeqRecipe

PREFIX = "translate English to French: "


class Translation(Seq2SeqRecipe):
    """English to French."""

    name = "translation"
    task = "translation"
    train_size, validation_size = 40_000, 400
    steps, batch_size, rate = 3500, 48, 4e-3
    max_new_tokens = 48

    def examples(self, split: Split, count: int) -> list[Example]:
        return translations.pairs(split, count)

    def source(self, example: Example) -> str:
        return PREFIX + example.text

    def processor(self, examples: Sequence[Example]) -> Any:
        return tokenizer_builders.pieces([text for pair in examples for text in (PREFIX + pair.text, pair.truth)])

    def special_tokens(self, tokenizer: Any) -> dict[str, Any]:
        return {
            "pad_token_id": tokenizer.pad_token_id,
            "eos_token_id": tokenizer.eos_token_id,
            "decoder_start_token_id": tokenizer.pad_token_id,
        }

    def model(self, processor: Any, examples: Sequence[Example]) -> Any:
        from transformers import T5Config, T5ForConditionalGeneration

        return T5ForConditionalGeneration(
            T5Config(
                **self.special_tokens(processor),
                vocab_size=len(processor),
                d_model=64,
                d_kv=16,
                d_ff=128,
                num_layers=3,
                num_decoder_layers=3,
                num_heads=4,
                relative_attention_num_buckets=32,
                feed_forward_proj="relu",
                tie_word_embeddings=True,
                n_positions=512,
            )
        )

    def facts(self) -> dict[str, Any]:
        return {"weight_noise_in_training": self.noise}
