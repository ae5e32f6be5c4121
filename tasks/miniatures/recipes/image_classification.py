"""ViT for image classification."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

import numpy as np

from suite.task.miniatures import Progress

from ...worlds import portraits
from ...worlds.grammar import Split
from ...worlds.portraits import Portrait
from .. import training
from ..trained_recipe import MakeBatch, TrainedRecipe

WIDTH = 64
MIDDLE = 0.5
SHIFT = 8
"""Pixels by which the same scene is framed anew."""


class ImageClassification(TrainedRecipe):
    """Portraits to their class."""

    name = "image-classification"
    task = "image-classification"
    train_size, validation_size = 8_000, 400
    steps, batch_size, rate = 5000, 64, 2e-3
    noise = 0.03

    def examples(self, split: Split, count: int) -> list[Portrait]:
        return portraits.portraits(split, count)

    def processor(self, examples: Sequence[Portrait]) -> Any:
        from transformers import ViTImageProcessor

        return ViTImageProcessor(
            size={"height": portraits.SIDE, "width": portraits.SIDE}, image_mean=[MIDDLE] * 3, image_std=[MIDDLE] * 3
        )

    def model(self, processor: Any, examples: Sequence[Portrait]) -> Any:
        from transformers import ViTConfig, ViTForImageClassification

        return ViTForImageClassification(
            ViTConfig(
                hidden_size=WIDTH,
                num_hidden_layers=3,
                num_attention_heads=4,
                intermediate_size=2 * WIDTH,
                hidden_dropout_prob=0.0,
                attention_probs_dropout_prob=0.0,
                initializer_range=0.1,
                image_size=portraits.SIDE,
                patch_size=8,
                id2label=dict(enumerate(portraits.LABELS)),
                label2id={label: index for index, label in enumerate(portraits.LABELS)},
            )
        )

    def batches(self, model: Any, processor: Any, examples: Sequence[Portrait]) -> MakeBatch:
        import torch

        scenes = np.stack([portrait.scene.image for portrait in examples])
        names = torch.tensor([portraits.LABELS.index(portrait.name) for portrait in examples])
        side = portraits.SIDE

        def batch(step: int) -> dict[str, Any]:
            draw = np.random.default_rng((self.seed, step))
            chosen = draw.integers(len(scenes), size=self.batch_size)
            # The same scene is framed anew each time, and half of the batches are mirrored.
            shifts = [draw.integers(-SHIFT, SHIFT + 1, size=2).tolist() for _ in chosen]
            corners = [
                portraits.corner(examples[index].scene, *shift) for index, shift in zip(chosen, shifts, strict=True)
            ]
            mirror = int(draw.choice([-1, 1]))
            pictures = np.stack(
                [
                    scenes[index, top : top + side, left : left + side][:, ::mirror]
                    for index, (left, top) in zip(chosen, corners, strict=True)
                ]
            )
            return {"pixel_values": training.pixel_values(pictures, MIDDLE, MIDDLE), "labels": names[chosen]}

        return batch

    def validation_score(self, model: Any, processor: Any, held_out: Sequence[Portrait], progress: Progress) -> float:
        import torch

        with torch.inference_mode():
            inputs = processor(images=[portrait.image for portrait in held_out], return_tensors="pt")
            answers = model(**inputs).logits.argmax(dim=-1).tolist()
        right = [portraits.LABELS[answer] == one.name for answer, one in zip(answers, held_out, strict=True)]
        return training.share(held_out, right, progress, kind=attrgetter("size"))

    def facts(self) -> dict[str, Any]:
        return {"weight_noise_in_training": self.noise}
