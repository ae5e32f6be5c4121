"""SAM for segmentation by a point: image encoder, prompt encoder and mask decoder together, as in its paper.

All three masks are compared with the truth and the best alone learns, so that they may differ; what each is rated is
taught beside it. Every picture has several points: the encoder sees it once.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from suite.task.miniatures import Progress

from ...vision import image_segmentation
from ...worlds import pointings, shapes
from ...worlds.grammar import Split
from .. import training
from ..trained_recipe import MakeBatch, TrainedRecipe

if TYPE_CHECKING:
    import torch

PROMPTS = 2
POINTS = 24
"""Points that are kept of each thing, to be drawn from."""
PATCH, WIDTH, LAYERS = 8, 64, 4
FOCAL_WEIGHT, FOCUS = 20.0, 2.0
MEAN, SPREAD = 0.5, 0.25


class ImageSegmentation(TrainedRecipe):
    """A point and its shape."""

    name = "image-segmentation"
    task = "image-segmentation"
    train_size, validation_size = 5000, 300
    steps, batch_size, rate = 1600, 16, 3e-3

    def examples(self, split: Split, count: int) -> list[Any]:
        """Scenes to train on, of which any thing may be pointed at; pointings to validate with."""
        if split != "train":
            return pointings.pointings(split, count)
        return shapes.scenes(split, count, f"pointings/{self.seed}", side=pointings.SIDE, things=pointings.THINGS)

    def processor(self, examples: Sequence[Any]) -> Any:
        from transformers import SamImageProcessor, SamProcessor

        side, small = pointings.SIDE, 4 * pointings.SIDE // PATCH
        images = SamImageProcessor(
            size={"longest_edge": side},
            pad_size={"height": side, "width": side},
            mask_size={"longest_edge": small},
            mask_pad_size={"height": small, "width": small},
            image_mean=[MEAN] * 3,
            image_std=[SPREAD] * 3,
        )
        return SamProcessor(images)

    def model(self, processor: Any, examples: Sequence[Any]) -> Any:
        import torch
        from transformers import SamModel

        model = SamModel(_config())
        with torch.no_grad():
            # Drawn as wide as an encoder's width, which tells neighbouring pixels apart and nothing else.
            codes = model.shared_image_embedding.positional_embedding
            codes.copy_(torch.randn(codes.shape))
        return model

    def batches(self, model: Any, processor: Any, examples: Any) -> MakeBatch:
        return _batches(examples, self.seed, self.batch_size)

    def module(self, model: Any, processor: Any) -> torch.nn.Module:
        """The model with its loss."""
        import torch

        class Prompted(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.model = model

            def forward(self, pixel_values: Any, input_points: Any, truth: Any) -> Any:
                outputs = self.model(pixel_values, input_points=input_points)
                return _loss(outputs.pred_masks, outputs.iou_scores, truth[:, :, None])

        return Prompted()

    def loss(self, outputs: Any, inputs: dict[str, Any]) -> torch.Tensor:
        return outputs  # type: ignore[no-any-return]

    def validation_score(self, model: Any, processor: Any, held_out: Sequence[Any], progress: Progress) -> float:
        pairs = [({"image": each.image, "point": each.point}, pointings.runs(each.mask)) for each in held_out]
        return training.score_of_task(image_segmentation.ImageSegmentation(), model, processor, pairs, progress)

    def save(self, model: Any, processor: Any, directory: Path) -> None:
        super().save(model, processor.image_processor, directory)
        # transformers 4 looks for the class here, 5 would write a file of its own that 4 cannot read.
        file = directory / "preprocessor_config.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | {"processor_class": "SamProcessor"}))


def _config() -> Any:
    from transformers import SamConfig

    shared = {"image_size": pointings.SIDE, "patch_size": PATCH}
    return SamConfig(
        vision_config=shared
        | {
            "hidden_size": WIDTH,
            "output_channels": WIDTH,
            "num_hidden_layers": LAYERS,
            "num_attention_heads": 4,
            "mlp_dim": 2 * WIDTH,
            "window_size": pointings.SIDE // PATCH // 2,
            "global_attn_indexes": list(range(1, LAYERS, 2)),
            "num_pos_feats": WIDTH // 2,
            "initializer_range": 0.1,
        },
        prompt_encoder_config=shared | {"hidden_size": WIDTH, "mask_input_channels": 8},
        mask_decoder_config={
            "hidden_size": WIDTH,
            "mlp_dim": 2 * WIDTH,
            "num_attention_heads": 4,
            "iou_head_hidden_dim": WIDTH,
        },
        initializer_range=0.1,
    )


def _batches(scenes: list[shapes.Scene], seed: int, size: int) -> MakeBatch:
    """What makes a step's inputs: pictures, points on things of each, and the masks of these at the decoder's size.

    `scenes` is emptied: a scene keeps what it was drawn from, ten times the size of its picture.
    """
    import torch

    side, most = pointings.SIDE, pointings.THINGS[1]
    small, share = 4 * side // PATCH, PATCH // 4
    count = len(scenes)
    images = torch.zeros(count, 3, side, side, dtype=torch.uint8)
    points = torch.zeros(count, most, POINTS, 2)
    masks = torch.zeros(count, most, small, small, dtype=torch.uint8)
    counts = np.zeros(count, int)
    for row in range(count):
        scene = scenes.pop(0)
        random = np.random.default_rng(scene.texture)
        counts[row] = len(scene.things)
        images[row] = torch.from_numpy(scene.image).permute(2, 0, 1)
        coarse = scene.coverage.reshape(-1, small, share, small, share).mean(axis=(2, 4))
        masks[row, : counts[row]] = torch.from_numpy(np.rint(coarse * 255).astype(np.uint8))
        for index, mask in enumerate(scene.masks):
            points[row, index] = torch.from_numpy(pointings.points_on(mask, POINTS, random))
    per_epoch = count // size

    def batch(step: int) -> dict[str, Any]:
        epoch, at = divmod(step, per_epoch)
        chosen = np.random.default_rng((seed, epoch)).permutation(count)[at * size : (at + 1) * size]
        random = np.random.default_rng((seed, step))
        things = torch.from_numpy(np.stack([random.permutation(counts[row])[:PROMPTS] for row in chosen]))
        which = torch.from_numpy(random.integers(POINTS, size=(size, PROMPTS)))
        rows = torch.from_numpy(chosen)
        return {
            "pixel_values": (images[rows].float() / 255 - MEAN) / SPREAD,
            "input_points": points[rows[:, None], things, which][:, :, None],
            "truth": masks[rows[:, None], things].float() / 255,
        }

    return batch


def _loss(masks: Any, scores: Any, truth: Any) -> Any:
    """Focal loss and Dice of the best of the masks, and the error of what all of them are rated."""
    import torch

    truth, chance = truth.expand_as(masks), masks.sigmoid()
    wrong = torch.nn.functional.binary_cross_entropy_with_logits(masks, truth, reduction="none")
    focal = (wrong * (chance - truth).abs() ** FOCUS).mean(dim=(-1, -2))
    shared, both = (chance * truth).sum(dim=(-1, -2)), (chance + truth).sum(dim=(-1, -2))
    dice = 1 - (2 * shared + 1) / (both + 1)
    best = (FOCAL_WEIGHT * focal + dice).min(dim=-1).values.mean()
    with torch.no_grad():
        ours, theirs = masks > 0, truth > 0.5
        overlap = (ours & theirs).sum(dim=(-1, -2)) / (ours | theirs).sum(dim=(-1, -2)).clamp(min=1)
    return best + (scores - overlap).square().mean()
