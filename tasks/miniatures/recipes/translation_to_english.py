"""Marian for translation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from suite.task.miniatures import Progress, Recipe, Trained

from ...worlds import translations
from .. import training

TRAIN_SIZE = 40_000
STEPS = 2000
WIDTH = 48
LAYERS = 2
BATCH = 48
IGNORED = -100


class TranslationToEnglish(Recipe):
    """French to English."""

    name = "translation-to-english"
    task = "translation-to-english"

    def train(self, directory: Path, work: Path, progress: Progress) -> Trained:
        """Train."""
        import torch
        from transformers import GenerationConfig, MarianConfig, MarianMTModel

        training.seed_everything(self.seed)
        pairs = translations.pairs_from_french("train", TRAIN_SIZE)
        held_out = translations.pairs_from_french("validation", 400)
        tokenizer = training.pieces([text for pair in pairs for text in (pair.text, pair.truth)])
        ends = {
            "pad_token_id": tokenizer.pad_token_id,
            "bos_token_id": None,
            "eos_token_id": tokenizer.eos_token_id,
            "decoder_start_token_id": tokenizer.pad_token_id,
            "forced_eos_token_id": None,
        }
        config = MarianConfig(
            **ends,
            vocab_size=len(tokenizer),
            decoder_vocab_size=len(tokenizer),
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
        model = MarianMTModel(config)
        progress(f"{sum(weight.numel() for weight in model.parameters()):,} parameters, {len(tokenizer)} tokens")
        sources = tokenizer([pair.text for pair in pairs])["input_ids"]
        targets = tokenizer([pair.truth for pair in pairs])["input_ids"]
        rows = list(zip(sources, targets, strict=True))
        batches = training.Batches(rows, [len(source) for source in sources], BATCH, self.seed)

        def batch(step: int) -> dict[str, Any]:
            chosen = batches(step)
            inputs = training.pad([source for source, _ in chosen], tokenizer.pad_token_id)
            mask = (inputs != tokenizer.pad_token_id).long()
            labels = training.pad([target for _, target in chosen], IGNORED)
            return {"input_ids": inputs, "attention_mask": mask, "labels": labels}

        seconds = training.fit(model, batch, STEPS, work, progress, rate=3e-3)
        answers: list[str] = []
        for start in range(0, len(held_out), 50):
            encoded = tokenizer([pair.text for pair in held_out[start : start + 50]], padding=True, return_tensors="pt")
            with torch.inference_mode():
                tokens = model.generate(**encoded, max_new_tokens=48, do_sample=False, num_beams=1)  # type: ignore[misc]
            answers += tokenizer.batch_decode(tokens, skip_special_tokens=True)
        right = [answer.strip() == pair.truth for answer, pair in zip(answers, held_out, strict=True)]
        training.by_kind(held_out, right, progress)
        model.generation_config = GenerationConfig(**ends)
        model.save_pretrained(directory)
        tokenizer.save_pretrained(directory)
        return Trained(STEPS, seconds, sum(right) / len(right))
