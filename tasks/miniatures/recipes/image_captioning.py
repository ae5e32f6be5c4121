"""BLIP for image captioning."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from suite.task.miniatures import Progress, Recipe, Trained

from ...worlds import scene_texts
from .. import blips, sight, training

TRAIN_SIZE = 12_000
STEPS = 2000
BATCH = 32
IGNORED = -100


class ImageCaptioning(Recipe):
    """Scenes to captions, from the beginning or from a prompt on."""

    name = "image-captioning"
    task = "image-captioning"

    def train(self, directory: Path, work: Path, progress: Progress) -> Trained:
        """Train."""
        import torch
        from transformers import BlipForConditionalGeneration

        training.seed_everything(self.seed)
        told = scene_texts.captioned("train", TRAIN_SIZE)
        held_out = scene_texts.captioned("validation", 300)
        tokens = blips.tokenizer()
        model = BlipForConditionalGeneration(blips.config(tokens))
        progress(f"{sum(weight.numel() for weight in model.parameters()):,} parameters, {len(tokens)} tokens")
        seen = blips.with_sight(model, work, progress, self.seed)
        looks = sight.looks(model.vision_model, [one.scene for one in told])
        prompts = [tokens(prompt)["input_ids"][:-1] for prompt in scene_texts.PROMPTS]
        captions = [tokens(one.truth)["input_ids"][1:] for one in told]
        choose = sight.batches(len(told), BATCH, self.seed)

        def batch(step: int) -> dict[str, Any]:
            chosen = choose(step)
            begun = [prompts[(step + place) % len(prompts)] for place in range(BATCH)]
            said = [captions[index] for index in chosen]
            rows = [prompt + caption for prompt, caption in zip(begun, said, strict=True)]
            # Only what comes after the prompt is to be said.
            wanted = [[IGNORED] * len(prompt) + caption for prompt, caption in zip(begun, said, strict=True)]
            inputs = training.pad(rows, tokens.pad_token_id)
            return {
                "encoder_hidden_states": looks[chosen],
                "input_ids": inputs,
                "attention_mask": (inputs != tokens.pad_token_id).long(),
                "labels": training.pad(wanted, IGNORED),
            }

        # The eyes stay as they are: only words are learned, at a quarter of the cost.
        seconds = training.fit(model.text_decoder, batch, STEPS, work, progress, rate=3e-3)
        model.eval()
        right: list[bool] = []
        for prompt, text in zip(prompts, scene_texts.PROMPTS, strict=True):
            mine = [one for one in held_out if one.text == text]
            inputs = torch.tensor([[*prompt, tokens.sep_token_id]] * len(mine))
            with torch.inference_mode():
                said = model.generate(
                    pixel_values=sight.pixels([one.scene.image for one in mine]), input_ids=inputs, max_new_tokens=24
                )
            answers = tokens.batch_decode(said[:, len(prompt) :], skip_special_tokens=True)
            right += [answer == one.truth for answer, one in zip(answers, mine, strict=True)]
            progress(f"validation, prompt {text!r}: {np.mean(right[-len(mine) :]):.3f}")
        blips.save(model, tokens, directory)
        return Trained(blips.SEEING + STEPS, seen + seconds, float(np.mean(right)), {"steps_of_sight": blips.SEEING})
