"""BLIP for image-text retrieval."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from suite.miniatures import Progress, Recipe, Trained

from ...worlds import scene_texts
from .. import blips, sight, training

TRAIN_SIZE = 10_000
STEPS = 1500
BATCH = 16
MATCHING = 0.5
"""The weight of "it matches" against "it matches best"."""


class ImageTextRetrieval(Recipe):
    """Scenes and captions, each with whether it is true."""

    name = "image-text-retrieval"
    task = "image-text-retrieval"

    def train(self, directory: Path, work: Path, progress: Progress) -> Trained:
        """Train."""
        import torch
        from transformers import BlipForImageTextRetrieval

        training.seed_everything(self.seed)
        told = scene_texts.confusable("train", TRAIN_SIZE)
        held_out = scene_texts.confusable("validation", 300)
        tokens = blips.tokenizer()
        model = BlipForImageTextRetrieval(blips.config(tokens))
        progress(f"{sum(weight.numel() for weight in model.parameters()):,} parameters, {len(tokens)} tokens")
        seen = blips.with_sight(model, work, progress, self.seed)
        looks = sight.looks(model.vision_model, [one.scene for one in told])
        captions = [tokens([one.truth, *one.others])["input_ids"] for one in told]
        count = 1 + scene_texts.WRONG
        choose = sight.batches(len(told), BATCH, self.seed)

        class Matching(torch.nn.Module):
            """All but the eyes, which stay as they are: each picture was looked at once."""

            def __init__(self) -> None:
                super().__init__()
                self.text_encoder, self.itm_head = model.text_encoder, model.itm_head

            def forward(self, looks: torch.Tensor, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> Any:
                read = self.text_encoder(
                    input_ids=input_ids,
                    attention_mask=attention_mask,
                    encoder_hidden_states=looks.repeat_interleave(count, 0),
                )
                return self.itm_head(read.last_hidden_state[:, 0]).view(-1, count, 2)

        def loss(scores: torch.Tensor, _: dict[str, Any]) -> torch.Tensor:
            entropy = torch.nn.functional.cross_entropy
            first = torch.zeros(len(scores), dtype=torch.long)
            matches = torch.nn.functional.one_hot(first, count).flatten()
            return entropy(scores[..., 1] - scores[..., 0], first) + MATCHING * entropy(scores.flatten(0, 1), matches)

        def batch(step: int) -> dict[str, Any]:
            chosen = choose(step)
            inputs = training.pad([row for index in chosen for row in captions[index]], tokens.pad_token_id)
            return {
                "looks": looks[chosen],
                "input_ids": inputs,
                "attention_mask": (inputs != tokens.pad_token_id).long(),
            }

        matching = Matching()
        seconds = training.fit(matching, batch, STEPS, work, progress, rate=3e-3, loss=loss)
        model.eval()
        right: list[bool] = []
        for one, look in zip(held_out, sight.looks(model.vision_model, [one.scene for one in held_out]), strict=True):
            encoded = tokens([one.truth, *one.others], padding=True, return_tensors="pt")
            with torch.inference_mode():
                scores = matching(look[None], encoded["input_ids"], encoded["attention_mask"])[0]
            right.append(int((scores[:, 1] - scores[:, 0]).argmax()) == 0)
        blips.save(model, tokens, directory)
        return Trained(blips.SEEING + STEPS, seen + seconds, float(np.mean(right)), {"steps_of_sight": blips.SEEING})
