"""Marian for translation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...worlds import translations
from ...worlds.grammar import Example, Split
from .. import tokenizer_builders
from ..trained_recipe import Seq2SeqRecipe

WIDTH = 48
LAYERS = 2


class TranslationToEnglish(Seq2SeqRecipe):
    """French to English."""

    name = "translation-to-english"
    task = "translation-to-english"
    train_size, validation_size = 40_000, 400
    steps, batch_size, rate = 2000, 48, 3e-3
    max_new_tokens = 48

    def examples(self, split: Split, count: int) -> list[Example]:
        return translations.pairs_from_french(split, count)

    def processor(self, examples: Sequence[Example]) -> Any:
        return tokenizer_builders.pieces([text for pair in examples for text in (pair.text, pair.truth)])

    def special_tokens(self, tokenizer: Any) -> dict[str, Any]:
        return {
            "pad_token_id": tokenizer.pad_token_id,
            "bos_token_id": None,
            "eos_token_id": tokenizer.eos_token_id,
            "decoder_start_token_id": tokenizer.pad_token_id,
            "forced_eos_token_id": None,
        }

    def model(self, processor: Any, examples: Sequence[Example]) -> Any:
        from transformers import MarianConfig, MarianMTModel

        return MarianMTModel(
            MarianConfig(
                **self.special_tokens(processor),
                vocab_size=len(processor),
                decoder_vocab_size=len(processor),
                d_model=WIDTH,
                encoder_layers=LAYERS,
                decoder_layers=LAYERS,
                encoder_attention_heads=4,
                decoder_attention_heads=4,
                encoder_ffn_dim=2 * WIDTH,
                decoder_ffn_dim=2 * WIDTH,
                activation_function="swish",
                scale_embedding=True,
                max_position_embeddings=512,
                init_std=0.1,
                dropout=0.0,
            )
        )
