"""BLIP for visual question answering."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from suite.task.miniatures import Progress, Recipe, Trained

from ...worlds import scene_texts
from .. import blips, sight, training

TRAIN_SIZE = 8000
EACH = 4
"""Questions about a scene."""
STEPS = 3000
BATCH = 48
IGNORED = -100


class VisualQuestionAnswering(Recipe):
    """Scenes and questions to answers."""

    name = "visual-question-answering"
    task = "visual-question-answering"

    def train(self, directory: Path, work: Path, progress: Progress) -> Trained:
        """Train."""
        import torch
        from transformers import BlipForQuestionAnswering

        training.seed_everything(self.seed)
        told = scene_texts.questioned("train", TRAIN_SIZE, each=EACH)
        held_out = scene_texts.questioned("validation", 400)
        tokens = blips.tokenizer()
        model = BlipForQuestionAnswering(blips.config(tokens))
        progress(f"{sum(weight.numel() for weight in model.parameters()):,} parameters, {len(tokens)} tokens")
        seen = blips.with_sight(model, work, progress, self.seed)
        looks = sight.looks(model.vision_model, [one.scene for one in told[::EACH]])
        questions = tokens([one.text for one in told])["input_ids"]
        answers = tokens([one.truth for one in told])["input_ids"]
        choose = sight.batches(len(told), BATCH, self.seed)

        class Answering(torch.nn.Module):
            """All but the eyes, which stay as they are: each picture was looked at once."""

            def __init__(self) -> None:
                super().__init__()
                self.text_encoder, self.text_decoder = model.text_encoder, model.text_decoder

            def forward(self, looks: torch.Tensor, asked: torch.Tensor, said: torch.Tensor) -> Any:
                mask = (asked != tokens.pad_token_id).long()
                read = self.text_encoder(input_ids=asked, attention_mask=mask, encoder_hidden_states=looks)
                return self.text_decoder(
                    input_ids=said,
                    labels=said.masked_fill(said == tokens.pad_token_id, IGNORED),
                    encoder_hidden_states=read.last_hidden_state,
                    encoder_attention_mask=mask,
                )

        def batch(step: int) -> dict[str, Any]:
            chosen = choose(step)
            return {
                "looks": looks[[index // EACH for index in chosen]],
                "asked": training.pad([questions[index] for index in chosen], tokens.pad_token_id),
                "said": training.pad([answers[index] for index in chosen], tokens.pad_token_id),
            }

        seconds = training.fit(Answering(), batch, STEPS, work, progress, rate=3e-3)
        model.eval()
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
