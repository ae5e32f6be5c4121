"""CLIP for zero-shot image classification."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from suite.miniatures import Progress, Recipe, Trained

from ...worlds import scene_texts
from .. import clip_tokens, sight, training

TRAIN_SIZE = 8000
SEEING = 1200
STEPS = 800
BATCH = 32
WIDTH = 64
LONGEST = 20


class ZeroShotImageClassification(Recipe):
    """Single things and what they are, by contrast with all that they could be."""

    name = "zero-shot-image-classification"
    task = "zero-shot-image-classification"

    def train(self, directory: Path, work: Path, progress: Progress) -> Trained:
        """Train."""
        import torch
        from transformers import (
            CLIPConfig,
            CLIPImageProcessor,
            CLIPModel,
            CLIPProcessor,
            CLIPVisionConfig,
            CLIPVisionModel,
        )

        training.seed_everything(self.seed)
        told = scene_texts.single("train", TRAIN_SIZE)
        held_out = scene_texts.single("validation", 400)
        labels = scene_texts.candidates()
        sentences = [scene_texts.photo_of(label) for label in labels]
        tokens = clip_tokens.clip_tokens(sentences, LONGEST)
        text = {
            "vocab_size": len(tokens),
            "hidden_size": WIDTH,
            "intermediate_size": 2 * WIDTH,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "max_position_embeddings": LONGEST,
            "projection_dim": WIDTH,
            "initializer_range": 0.05,
            "bos_token_id": tokens.bos_token_id,
            "eos_token_id": tokens.eos_token_id,
            "pad_token_id": tokens.pad_token_id,
        }
        config = CLIPConfig(
            text_config=text, vision_config={**sight.VISION, "projection_dim": WIDTH}, projection_dim=WIDTH
        )
        model = CLIPModel(config)
        progress(f"{sum(weight.numel() for weight in model.parameters()):,} parameters, {len(tokens)} tokens")
        weights, seen = sight.learn_to_see(
            lambda: CLIPVisionModel(CLIPVisionConfig(**sight.VISION)), SEEING, work, progress, self.seed, whole=True
        )
        model.vision_model.load_state_dict({name.removeprefix("vision_model."): kept for name, kept in weights.items()})
        images = np.stack([one.scene.image for one in told])
        asked = dict(tokens(sentences, padding=True, return_tensors="pt"))
        truths = torch.tensor([labels.index(one.truth) for one in told])
        choose = sight.batches(len(told), BATCH, self.seed)
        right: list[int] = []

        def batch(step: int) -> dict[str, Any]:
            right[:] = choose(step)
            return {**asked, "pixel_values": sight.pixels(list(images[right]))}

        def loss(outputs: Any, _: dict[str, Any]) -> torch.Tensor:
            return torch.nn.functional.cross_entropy(outputs.logits_per_image, truths[right])

        seconds = training.fit(model, batch, STEPS, work, progress, rate=2e-3, loss=loss)
        with torch.inference_mode():
            scores = model(**asked, pixel_values=sight.pixels([one.scene.image for one in held_out])).logits_per_image
        answers = [labels[index] for index in scores.argmax(dim=1).tolist()]
        found = [answer == one.truth for answer, one in zip(answers, held_out, strict=True)]
        for size in sorted({one.kind for one in held_out}):
            mine = [ok for ok, one in zip(found, held_out, strict=True) if one.kind == size]
            progress(f"validation, {size}: {np.mean(mine):.3f} of {len(mine)}")
        model.save_pretrained(directory)
        sides = {"height": sight.SIDE, "width": sight.SIDE}
        seeing = CLIPImageProcessor(size={"shortest_edge": sight.SIDE}, crop_size=sides)
        CLIPProcessor(seeing, tokens).save_pretrained(directory)
        # transformers 4 looks for the image processor in a file of its own.
        seeing.save_pretrained(directory)
        return Trained(SEEING + STEPS, seen + seconds, float(np.mean(found)), {"steps_of_sight": SEEING})
