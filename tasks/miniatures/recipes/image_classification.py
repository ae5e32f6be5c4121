"""ViT for image classification."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from suite.task.miniatures import Progress, Recipe, Trained

from ...worlds import portraits
from .. import training

TRAIN_SIZE = 8_000
STEPS = 5000
BATCH = 64
NOISE = 0.03
WIDTH = 64
LAYERS = 3
INITIAL = 0.1
MIDDLE = 0.5


class ImageClassification(Recipe):
    """Portraits to their class."""

    name = "image-classification"
    task = "image-classification"

    def train(self, directory: Path, work: Path, progress: Progress) -> Trained:
        """Train."""
        import torch
        from transformers import ViTConfig, ViTForImageClassification, ViTImageProcessor

        training.seed_everything(self.seed)
        shown = portraits.portraits("train", TRAIN_SIZE)
        held_out = portraits.portraits("validation", 400)
        side = portraits.SIDE
        processor = ViTImageProcessor(
            size={"height": side, "width": side}, image_mean=[MIDDLE] * 3, image_std=[MIDDLE] * 3
        )
        config = ViTConfig(  # type: ignore[call-arg]
            hidden_size=WIDTH,
            num_hidden_layers=LAYERS,
            num_attention_heads=4,
            intermediate_size=2 * WIDTH,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
            initializer_range=INITIAL,
            image_size=side,
            patch_size=8,
            id2label=dict(enumerate(portraits.LABELS)),
            label2id={label: index for index, label in enumerate(portraits.LABELS)},
        )
        model = ViTForImageClassification(config)
        progress(f"{sum(weight.numel() for weight in model.parameters()):,} parameters")
        scenes = np.stack([portrait.scene.image for portrait in shown])
        names = torch.tensor([portraits.LABELS.index(portrait.name) for portrait in shown])
        progress(f"{len(scenes):,} pictures drawn")

        def batch(step: int) -> dict[str, Any]:
            draw = np.random.default_rng((self.seed, step))
            chosen = draw.integers(len(scenes), size=BATCH)
            # The same scene is framed anew each time, and half of the batches are mirrored.
            corners = [portraits.corner(shown[index].scene, *draw.integers(-8, 9, size=2).tolist()) for index in chosen]
            turn = int(draw.choice([-1, 1]))
            pictures = np.stack(
                [
                    scenes[index, top : top + side, left : left + side][:, ::turn]
                    for index, (left, top) in zip(chosen, corners, strict=True)
                ]
            )
            return {"pixel_values": _pixels(pictures), "labels": names[chosen]}

        seconds = training.fit(model, batch, STEPS, work, progress, rate=2e-3, noise=NOISE)
        with torch.inference_mode():
            inputs = processor(images=[portrait.image for portrait in held_out], return_tensors="pt")
            answers = model(**inputs).logits.argmax(dim=-1).tolist()
        right = [portraits.LABELS[answer] == one.name for answer, one in zip(answers, held_out, strict=True)]
        for size in sorted({portrait.size for portrait in held_out}):
            of_size = [ok for ok, portrait in zip(right, held_out, strict=True) if portrait.size == size]
            progress(f"validation, {size}: {sum(of_size) / len(of_size):.3f} of {len(of_size)}")
        model.save_pretrained(directory)
        processor.save_pretrained(directory)
        return Trained(STEPS, seconds, sum(right) / len(right), {"weight_noise_in_training": NOISE})


def _pixels(pictures: np.ndarray) -> Any:
    """What the processor makes of pictures that have its size."""
    import torch

    scaled = (pictures.astype(np.float32) / 255 - MIDDLE) / MIDDLE
    return torch.from_numpy(scaled.transpose(0, 3, 1, 2).copy())
