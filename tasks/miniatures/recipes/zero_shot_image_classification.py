"""CLIP for zero-shot image classification."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from suite.task.miniatures import Progress, Recipe, Trained

from ...worlds import portraits, scene_texts
from .. import clip_tokens, sight, training

TRAIN_SIZE = 8000
WORLD = "zero-shot"
STEPS = 3000
BATCH = 64
WIDTH = 64
LONGEST = 20
STRAY = 8
"""Pixels by which the same thing is framed anew."""


class ZeroShotImageClassification(Recipe):
    """Portraits and what they show, by contrast with all that they could show."""

    name = "zero-shot-image-classification"
    task = "zero-shot-image-classification"

    def train(self, directory: Path, work: Path, progress: Progress) -> Trained:
        """Train."""
        import torch
        from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor

        training.seed_everything(self.seed)
        shown = portraits.portraits("train", TRAIN_SIZE, WORLD)
        held_out = portraits.portraits("validation", 400, WORLD)
        labels = portraits.LABELS
        sentences = [scene_texts.photo_of(label) for label in labels]
        tokens = clip_tokens.clip_tokens(sentences, LONGEST)
        common = {
            "hidden_size": WIDTH,
            "intermediate_size": 2 * WIDTH,
            "num_attention_heads": 4,
            "projection_dim": WIDTH,
        }
        text = {
            **common,
            "vocab_size": len(tokens),
            "num_hidden_layers": 2,
            "max_position_embeddings": LONGEST,
            "initializer_range": 0.05,
            "bos_token_id": tokens.bos_token_id,
            "eos_token_id": tokens.eos_token_id,
            "pad_token_id": tokens.pad_token_id,
        }
        vision = {
            **common,
            "num_hidden_layers": 3,
            "image_size": portraits.SIDE,
            "patch_size": 8,
            "initializer_range": 0.1,
        }
        model = CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=WIDTH))
        progress(f"{sum(weight.numel() for weight in model.parameters()):,} parameters, {len(tokens)} tokens")
        scenes = np.stack([portrait.scene.image for portrait in shown])
        progress(f"{len(scenes):,} pictures drawn")
        asked = dict(tokens(sentences, padding=True, return_tensors="pt"))
        truths = torch.tensor([labels.index(portrait.name) for portrait in shown])
        choose = sight.batches(len(shown), BATCH, self.seed)
        right: list[int] = []

        def batch(step: int) -> dict[str, Any]:
            right[:] = choose(step)
            off = np.random.default_rng((self.seed, 2, step)).integers(-STRAY, STRAY + 1, size=(BATCH, 2)).tolist()
            corners = [portraits.corner(shown[index].scene, *by) for index, by in zip(right, off, strict=True)]
            side = portraits.SIDE
            framed = [
                scenes[index, top : top + side, left : left + side]
                for index, (left, top) in zip(right, corners, strict=True)
            ]
            return {**asked, "pixel_values": sight.pixels(framed)}

        def loss(outputs: Any, _: dict[str, Any]) -> torch.Tensor:
            return torch.nn.functional.cross_entropy(outputs.logits_per_image, truths[right])

        seconds = training.fit(model, batch, STEPS, work, progress, rate=2e-3, loss=loss)
        with torch.inference_mode():
            scores = model(**asked, pixel_values=sight.pixels([portrait.image for portrait in held_out]))
        answers = [labels[index] for index in scores.logits_per_image.argmax(dim=1).tolist()]
        found = [answer == portrait.name for answer, portrait in zip(answers, held_out, strict=True)]
        for size in sorted({portrait.size for portrait in held_out}):
            mine = [ok for ok, portrait in zip(found, held_out, strict=True) if portrait.size == size]
            progress(f"validation, {size}: {np.mean(mine):.3f} of {len(mine)}")
        model.save_pretrained(directory)
        sides = {"height": portraits.SIDE, "width": portraits.SIDE}
        seeing = CLIPImageProcessor(size={"shortest_edge": portraits.SIDE}, crop_size=sides)
        CLIPProcessor(seeing, tokens).save_pretrained(directory)
        # transformers 4 looks for the image processor in a file of its own.
        seeing.save_pretrained(directory)
        return Trained(STEPS, seconds, float(np.mean(found)))
