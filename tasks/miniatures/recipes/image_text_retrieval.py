"""BLIP for image-text retrieval.

From "this caption is true" alone the model learns nothing for a long time. So each word is asked, too, whether it is
true of the picture; the head that answers is thrown away.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from suite.task.miniatures import Progress, Recipe, Trained

from ...worlds import scene_texts
from .. import blips, sight, training

TRAIN_SIZE = 10_000
STEPS = 2500
BATCH = 16
LAYERS = 3
"""The last but one knows which words are true; the last finds out whether all are."""
MATCHING = 0.5
"""The weight of "it matches" against "it matches best"."""
IGNORED = -100


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
        model = BlipForImageTextRetrieval(blips.config(tokens, LAYERS))
        progress(f"{sum(weight.numel() for weight in model.parameters()):,} parameters, {len(tokens)} tokens")
        seen = blips.with_sight(model, work, progress, self.seed)
        looks = sight.looks(model.vision_model, [one.scene for one in told])
        captions = [tokens([one.truth, *one.others])["input_ids"] for one in told]
        truths = [[_words_true(row, rows[0]) for row in rows] for rows in captions]
        count = 1 + scene_texts.WRONG
        choose = sight.batches(len(told), BATCH, self.seed)

        class Matching(torch.nn.Module):
            """All but the eyes, which stay as they are: each picture was looked at once."""

            def __init__(self) -> None:
                super().__init__()
                self.text_encoder, self.itm_head = model.text_encoder, model.itm_head
                self.word = torch.nn.Linear(blips.WIDTH, 2)

            def forward(
                self, looks: torch.Tensor, input_ids: torch.Tensor, attention_mask: torch.Tensor, truths: torch.Tensor
            ) -> torch.Tensor:
                """The loss. The first of each picture's captions is the right one."""
                read = self.text_encoder(
                    input_ids=input_ids,
                    attention_mask=attention_mask,
                    encoder_hidden_states=looks.repeat_interleave(count, 0),
                    output_hidden_states=True,
                )
                entropy = torch.nn.functional.cross_entropy
                scores = self.itm_head(read.last_hidden_state[:, 0]).view(-1, count, 2)
                first = torch.zeros(len(scores), dtype=torch.long)
                matches = torch.nn.functional.one_hot(first, count).flatten()
                best = entropy(scores[..., 1] - scores[..., 0], first)
                words = self.word(read.hidden_states[-2]).flatten(0, 1)
                each = entropy(words, truths.flatten(), ignore_index=IGNORED)
                return best + MATCHING * entropy(scores.flatten(0, 1), matches) + each

        def batch(step: int) -> dict[str, Any]:
            chosen = choose(step)
            inputs = training.pad([row for index in chosen for row in captions[index]], tokens.pad_token_id)
            return {
                "looks": looks[chosen],
                "input_ids": inputs,
                "attention_mask": (inputs != tokens.pad_token_id).long(),
                "truths": training.pad([row for index in chosen for row in truths[index]], IGNORED),
            }

        seconds = training.fit(Matching(), batch, STEPS, work, progress, rate=3e-3, loss=lambda value, _: value)
        model.eval()
        right: list[bool] = []
        for one, look in zip(held_out, sight.looks(model.vision_model, [one.scene for one in held_out]), strict=True):
            encoded = tokens([one.truth, *one.others], padding=True, return_tensors="pt")
            with torch.inference_mode():
                read = model.text_encoder(**encoded, encoder_hidden_states=look.expand(count, -1, -1))
                scores = model.itm_head(read.last_hidden_state[:, 0])
            right.append(int((scores[:, 1] - scores[:, 0]).argmax()) == 0)
        blips.save(model, tokens, directory)
        return Trained(blips.SEEING + STEPS, seen + seconds, float(np.mean(right)), {"steps_of_sight": blips.SEEING})


def _words_true(caption: list[int], right: list[int]) -> list[int]:
    """1 for each token of a caption that the right one has in its place, else 0.

    Where the captions are not equally long, what follows the first false token has no place in the right one.
    """
    same = [int(one == other) for one, other in zip(caption, right, strict=False)]
    if len(caption) == len(right):
        return same
    first = same.index(0)
    return same[: first + 1] + [IGNORED] * (len(caption) - first - 1)
