"""BLIP for visual question answering."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from suite.miniatures import Progress, Recipe, Trained

from ...worlds import scene_texts
from .. import blips, sight, training

TRAIN_SIZE = 16_000
STEPS = 4000
BATCH = 32
IGNORED = -100


class VisualQuestionAnswering(Recipe):
    """Scenes and questions to answers."""

    name = "visual-question-answering"
    task = "visual-question-answering"

    def train(self, directory: Path, work: Path, progress: Progress) -> Trained:
        """Train."""
        from transformers import BlipForQuestionAnswering

        training.seed_everything(self.seed)
        told = scene_texts.questioned("train", TRAIN_SIZE)
        held_out = scene_texts.questioned("validation", 400)
        tokens = blips.tokenizer()
        model = BlipForQuestionAnswering(blips.config(tokens))
        progress(f"{sum(weight.numel() for weight in model.parameters()):,} parameters, {len(tokens)} tokens")
        seen = blips.with_sight(model, work, progress, self.seed)
        images = np.stack([one.scene.image for one in told])
        questions = tokens([one.text for one in told])["input_ids"]
        answers = tokens([one.truth for one in told])["input_ids"]
        choose = sight.batches(len(told), BATCH, self.seed)

        def batch(step: int) -> dict[str, Any]:
            chosen = choose(step)
            asked = training.pad([questions[index] for index in chosen], tokens.pad_token_id)
            said = [answers[index] for index in chosen]
            return {
                "pixel_values": sight.pixels(list(images[chosen])),
                "input_ids": asked,
                "attention_mask": (asked != tokens.pad_token_id).long(),
                "decoder_input_ids": training.pad(said, tokens.pad_token_id),
                "labels": training.pad(said, IGNORED),
            }

        seconds = training.fit(model, batch, STEPS, work, progress, rate=2e-3)
        right = [self._answer(model, tokens, one) == one.truth for one in held_out]
        for kind in scene_texts.QUESTIONS:
            mine = [ok for ok, one in zip(right, held_out, strict=True) if one.kind == kind]
            progress(f"validation, {kind}: {np.mean(mine):.3f} of {len(mine)}")
        blips.save(model, tokens, directory)
        return Trained(blips.SEEING + STEPS, seen + seconds, float(np.mean(right)), {"steps_of_sight": blips.SEEING})

    def _answer(self, model: Any, tokens: Any, told: scene_texts.Told) -> str:
        """One question at a time: BLIP would take padding for a part of the question."""
        import torch

        asked = tokens(told.text, return_tensors="pt")
        with torch.inference_mode():
            said = model.generate(
                pixel_values=sight.pixels([told.scene.image]), input_ids=asked["input_ids"], max_new_tokens=8
            )
        return str(tokens.decode(said[0], skip_special_tokens=True))
