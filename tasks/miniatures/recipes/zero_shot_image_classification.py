"""CLIP for zero-shot image classification."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from suite.task import Batch
from suite.task.miniatures import Progress

from ...worlds import portraits, scene_texts
from ...worlds.grammar import Split
from ...worlds.portraits import Portrait
from .. import clip_tokens, sight, training
from ..trained_recipe import MakeBatch, TrainedRecipe

if TYPE_CHECKING:
    import torch

WORLD = "zero-shot"
WIDTH = 64
LONGEST = 20
SHIFT = 8
"""Pixels by which the same thing is framed anew."""
SENTENCES = [scene_texts.photo_of(label) for label in portraits.LABELS]


class ZeroShotImageClassification(TrainedRecipe):
    """Portraits and what they show, by contrast with all that they could show."""

    name = "zero-shot-image-classification"
    task = "zero-shot-image-classification"
    train_size, validation_size = 8000, 400
    steps, batch_size, rate = 3000, 64, 2e-3

    def examples(self, split: Split, count: int) -> list[Portrait]:
        return portraits.portraits(split, count, WORLD)

    def processor(self, examples: Sequence[Portrait]) -> Any:
        from transformers import CLIPImageProcessor, CLIPProcessor

        sides = {"height": portraits.SIDE, "width": portraits.SIDE}
        images = CLIPImageProcessor(size={"shortest_edge": portraits.SIDE}, crop_size=sides)
        return CLIPProcessor(images, clip_tokens.clip_tokens(SENTENCES, LONGEST))

    def model(self, processor: Any, examples: Sequence[Portrait]) -> Any:
        from transformers import CLIPConfig, CLIPModel

        tokenizer = processor.tokenizer
        common = {
            "hidden_size": WIDTH,
            "intermediate_size": 2 * WIDTH,
            "num_attention_heads": 4,
            "projection_dim": WIDTH,
        }
        text = {
            **common,
            "vocab_size": len(tokenizer),
            "num_hidden_layers": 2,
            "max_position_embeddings": LONGEST,
            "initializer_range": 0.05,
            "bos_token_id": tokenizer.bos_token_id,
            "eos_token_id": tokenizer.eos_token_id,
            "pad_token_id": tokenizer.pad_token_id,
        }
        vision = {
            **common,
            "num_hidden_layers": 3,
            "image_size": portraits.SIDE,
            "patch_size": 8,
            "initializer_range": 0.1,
        }
        return CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=WIDTH))

    def batches(self, model: Any, processor: Any, examples: Sequence[Portrait]) -> MakeBatch:
        import torch

        scenes = np.stack([portrait.scene.image for portrait in examples])
        texts = _texts(processor)
        truths = torch.tensor([portraits.LABELS.index(portrait.name) for portrait in examples])
        choose = sight.batches(len(examples), self.batch_size, self.seed)
        side = portraits.SIDE

        def batch(step: int) -> dict[str, Any]:
            chosen = choose(step)
            draw = np.random.default_rng((self.seed, 2, step))
            shifts = draw.integers(-SHIFT, SHIFT + 1, size=(self.batch_size, 2)).tolist()
            corners = [
                portraits.corner(examples[index].scene, *shift) for index, shift in zip(chosen, shifts, strict=True)
            ]
            images = [
                scenes[index, top : top + side, left : left + side]
                for index, (left, top) in zip(chosen, corners, strict=True)
            ]
            return Batch({**texts, "pixel_values": sight.pixels(images)}, notes=truths[chosen])

        return batch

    def loss(self, outputs: Any, inputs: Any) -> torch.Tensor:
        import torch

        return torch.nn.functional.cross_entropy(outputs.logits_per_image, inputs.notes)

    def validation_score(self, model: Any, processor: Any, held_out: Sequence[Portrait], progress: Progress) -> float:
        import torch

        pixels = sight.pixels([portrait.image for portrait in held_out])
        with torch.inference_mode():
            scores = model(**_texts(processor), pixel_values=pixels).logits_per_image
        answers = [portraits.LABELS[index] for index in scores.argmax(dim=1).tolist()]
        right = [answer == portrait.name for answer, portrait in zip(answers, held_out, strict=True)]
        return training.share(held_out, right, progress, kind=attrgetter("size"))

    def save(self, model: Any, processor: Any, directory: Path) -> None:
        super().save(model, processor, directory)
        # transformers 4 looks for the image processor in a file of its own.
        processor.image_processor.save_pretrained(directory)


def _texts(processor: Any) -> dict[str, Any]:
    """The token ids and the mask of every label's sentence."""
    return dict(processor.tokenizer(SENTENCES, padding=True, return_tensors="pt"))
