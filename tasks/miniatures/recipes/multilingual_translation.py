"""NLLB's M2M100 for translation between three languages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...worlds import multilingual
from ...worlds.grammar import Example, Split
from .. import tokenizer_builders, training
from ..trained_recipe import Seq2SeqRecipe

WIDTH = 48
LAYERS = 2


class MultilingualTranslation(Seq2SeqRecipe):
    """English, French and Spanish, each into each."""

    name = "multilingual-translation"
    task = "multilingual-translation"
    train_size, validation_size = 60_000, 600
    steps, batch_size, rate = 2200, 48, 3e-3
    max_new_tokens = 48

    def examples(self, split: Split, count: int) -> list[Example]:
        return multilingual.pairs(split, count)

    def processor(self, examples: Sequence[Example]) -> Any:
        return tokenizer_builders.pieces(
            [text for pair in examples for text in (pair.text, pair.truth)],
            special=("<s>", "<pad>", "</s>", "<unk>"),
            codes=list(multilingual.LANGUAGES),
        )

    def special_tokens(self, tokenizer: Any) -> dict[str, Any]:
        return {
            "pad_token_id": tokenizer.pad_token_id,
            "bos_token_id": None,
            "eos_token_id": tokenizer.eos_token_id,
            "decoder_start_token_id": tokenizer.eos_token_id,
            "forced_bos_token_id": None,
        }

    def model(self, processor: Any, examples: Sequence[Example]) -> Any:
        from transformers import M2M100Config, M2M100ForConditionalGeneration

        return M2M100ForConditionalGeneration(
            M2M100Config(
                **self.special_tokens(processor),
                vocab_size=len(processor),
                d_model=WIDTH,
                encoder_layers=LAYERS,
                decoder_layers=LAYERS,
                encoder_attention_heads=4,
                decoder_attention_heads=4,
                encoder_ffn_dim=2 * WIDTH,
                decoder_ffn_dim=2 * WIDTH,
                encoder_layerdrop=0.0,
                decoder_layerdrop=0.0,
                scale_embedding=True,
                max_position_embeddings=512,
                init_std=0.1,
                dropout=0.0,
                attention_dropout=0.0,
            )
        )

    def rows(self, tokenizer: Any, examples: Sequence[Example]) -> list[tuple[list[int], list[int]]]:
        rows = []
        for pair in examples:
            source, target = pair.kind.split("-")
            rows.append((_tagged(tokenizer, source, pair.text), _tagged(tokenizer, target, pair.truth)))
        return rows

    def collate(self, rows: Sequence[tuple[list[int], list[int]]], tokenizer: Any) -> dict[str, Any]:
        end, pad = tokenizer.eos_token_id, tokenizer.pad_token_id
        return {
            **training.padded([source for source, _ in rows], tokenizer),
            "decoder_input_ids": training.pad([[end, *target[:-1]] for _, target in rows], pad),
            # The target language is an input, so that no loss is computed for it.
            "labels": training.pad([[training.IGNORED, *target[1:]] for _, target in rows], training.IGNORED),
        }

    def encode(self, tokenizer: Any, examples: Sequence[Example]) -> dict[str, Any]:
        import torch

        codes = [pair.kind.split("-") for pair in examples]
        sources = [_tagged(tokenizer, code[0], pair.text) for pair, code in zip(examples, codes, strict=True)]
        starts = [[tokenizer.eos_token_id, tokenizer.convert_tokens_to_ids(code[1])] for code in codes]
        return {**training.padded(sources, tokenizer), "decoder_input_ids": torch.tensor(starts)}


def _tagged(tokenizer: Any, code: str, text: str) -> list[int]:
    """A text's token ids between its language's and the end."""
    tokens = tokenizer(text, add_special_tokens=False)["input_ids"]
    return [tokenizer.convert_tokens_to_ids(code), *tokens, tokenizer.eos_token_id]
