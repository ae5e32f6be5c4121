"""NLLB's M2M100 for translation between three languages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from suite.task.miniatures import Progress, Recipe, Trained

from ...worlds import multilingual
from .. import training

TRAIN_SIZE = 60_000
STEPS = 2200
BATCH = 48
WIDTH = 48
LAYERS = 2
RATE = 3e-3
IGNORED = -100


class MultilingualTranslation(Recipe):
    """English, French and Spanish, each into each."""

    name = "multilingual-translation"
    task = "multilingual-translation"

    def train(self, directory: Path, work: Path, progress: Progress) -> Trained:
        """Train."""
        import torch
        from transformers import GenerationConfig, M2M100Config, M2M100ForConditionalGeneration

        training.seed_everything(self.seed)
        pairs = multilingual.pairs("train", TRAIN_SIZE)
        held_out = multilingual.pairs("validation", 600)
        tokenizer = training.pieces(
            [text for pair in pairs for text in (pair.text, pair.truth)],
            special=("<s>", "<pad>", "</s>", "<unk>"),
            codes=list(multilingual.LANGUAGES),
        )
        end, pad = tokenizer.eos_token_id, tokenizer.pad_token_id
        ends = {
            "pad_token_id": pad,
            "bos_token_id": None,
            "eos_token_id": end,
            "decoder_start_token_id": end,
            "forced_bos_token_id": None,
        }
        config = M2M100Config(
            **ends,
            vocab_size=len(tokenizer),
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
        model = M2M100ForConditionalGeneration(config)
        progress(f"{sum(weight.numel() for weight in model.parameters()):,} parameters, {len(tokenizer)} tokens")

        def between(code: str, text: str) -> list[int]:
            tokens = tokenizer(text, add_special_tokens=False)["input_ids"]
            return [tokenizer.convert_tokens_to_ids(code), *tokens, end]

        rows = []
        for pair in pairs:
            source, target = pair.kind.split("-")
            rows.append((between(source, pair.text), between(target, pair.truth)))
        batches = training.Batches(rows, [len(source) for source, _ in rows], BATCH, self.seed)

        def batch(step: int) -> dict[str, Any]:
            chosen = batches(step)
            inputs = training.pad([source for source, _ in chosen], pad)
            return {
                "input_ids": inputs,
                "attention_mask": (inputs != pad).long(),
                "decoder_input_ids": training.pad([[end, *target[:-1]] for _, target in chosen], pad),
                # The language is given and not guessed.
                "labels": training.pad([[IGNORED, *target[1:]] for _, target in chosen], IGNORED),
            }

        seconds = training.fit(model, batch, STEPS, work, progress, rate=RATE)
        answers: list[str] = []
        for start in range(0, len(held_out), 50):
            some = held_out[start : start + 50]
            codes = [pair.kind.split("-") for pair in some]
            inputs = training.pad([between(code[0], pair.text) for pair, code in zip(some, codes, strict=True)], pad)
            with torch.inference_mode():
                tokens = model.generate(  # type: ignore[misc]
                    input_ids=inputs,
                    attention_mask=(inputs != pad).long(),
                    decoder_input_ids=torch.tensor([[end, tokenizer.convert_tokens_to_ids(code[1])] for code in codes]),
                    max_new_tokens=48,
                    do_sample=False,
                    num_beams=1,
                )
            answers += tokenizer.batch_decode(tokens, skip_special_tokens=True)
        right = [answer.strip() == pair.truth for answer, pair in zip(answers, held_out, strict=True)]
        training.by_kind(held_out, right, progress)
        model.generation_config = GenerationConfig(**ends)
        model.save_pretrained(directory)
        tokenizer.save_pretrained(directory)
        return Trained(STEPS, seconds, sum(right) / len(right))
