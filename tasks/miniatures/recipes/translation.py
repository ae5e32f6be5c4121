"""T5 for translation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from suite.task.miniatures import Progress, Recipe, Trained

from ...worlds import translations
from .. import training

TRAIN_SIZE = 40_000
STEPS = 3500
BATCH = 48
NOISE = 0.0
PREFIX = "translate English to French: "
IGNORED = -100


class Translation(Recipe):
    """English to French."""

    name = "translation"
    task = "translation"

    def train(self, directory: Path, work: Path, progress: Progress) -> Trained:
        """Train."""
        import torch
        from transformers import GenerationConfig, T5Config, T5ForConditionalGeneration

        training.seed_everything(self.seed)
        pairs = translations.pairs("train", TRAIN_SIZE)
        held_out = translations.pairs("validation", 400)
        tokenizer = training.pieces([text for pair in pairs for text in (PREFIX + pair.text, pair.truth)])
        config = T5Config(  # type: ignore[call-arg]
            vocab_size=len(tokenizer),
            d_model=64,
            d_kv=16,
            d_ff=128,
            num_layers=3,
            num_decoder_layers=3,
            num_heads=4,
            relative_attention_num_buckets=32,
            feed_forward_proj="relu",
            pad_token_id=tokenizer.pad_token_id,
            eos_token_id=tokenizer.eos_token_id,
            decoder_start_token_id=tokenizer.pad_token_id,
            tie_word_embeddings=True,
            n_positions=512,
        )
        model = T5ForConditionalGeneration(config)
        progress(f"{sum(weight.numel() for weight in model.parameters()):,} parameters, {len(tokenizer)} tokens")
        sources = tokenizer([PREFIX + pair.text for pair in pairs])["input_ids"]
        targets = tokenizer([pair.truth for pair in pairs])["input_ids"]
        rows = list(zip(sources, targets, strict=True))
        batches = training.Batches(rows, [len(source) for source in sources], BATCH, self.seed)

        def batch(step: int) -> dict[str, Any]:
            chosen = batches(step)
            inputs = training.pad([source for source, _ in chosen], tokenizer.pad_token_id)
            mask = (inputs != tokenizer.pad_token_id).long()
            labels = training.pad([target for _, target in chosen], IGNORED)
            return {"input_ids": inputs, "attention_mask": mask, "labels": labels}

        seconds = training.fit(model, batch, STEPS, work, progress, rate=4e-3, noise=NOISE)
        answers: list[str] = []
        for start in range(0, len(held_out), 50):
            encoded = tokenizer(
                [PREFIX + pair.text for pair in held_out[start : start + 50]], padding=True, return_tensors="pt"
            )
            with torch.inference_mode():
                tokens = model.generate(**encoded, max_new_tokens=48, do_sample=False, num_beams=1)  # type: ignore[misc]
            answers += tokenizer.batch_decode(tokens, skip_special_tokens=True)
        right = [answer.strip() == pair.truth for answer, pair in zip(answers, held_out, strict=True)]
        training.by_kind(held_out, right, progress)
        model.generation_config = GenerationConfig(
            pad_token_id=tokenizer.pad_token_id,
            eos_token_id=tokenizer.eos_token_id,
            decoder_start_token_id=tokenizer.pad_token_id,
        )
        model.save_pretrained(directory)
        tokenizer.save_pretrained(directory)
        return Trained(STEPS, seconds, sum(right) / len(right), {"weight_noise_in_training": NOISE})
