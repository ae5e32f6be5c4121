"""SAM for segmentation by a point: image encoder, prompt encoder and mask decoder together, as in its paper.

All three masks are compared with the truth and the best alone learns, so that they may differ; what each is rated is
taught beside it. Every picture is pointed at in several places: the encoder sees it once.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from suite.task.miniatures import Progress, Recipe, Trained

from ...worlds import pointings, shapes
from .. import training

TRAIN_SIZE = 5000
VALIDATION_SIZE = 300
STEPS = 1600
BATCH, PROMPTS = 16, 2
POINTS = 24
"""Points that are kept of each thing, to be drawn from."""
PATCH, WIDTH, LAYERS = 8, 64, 4
FOCAL_WEIGHT, FOCUS = 20.0, 2.0
MEAN, SPREAD = 0.5, 0.25


class ImageSegmentation(Recipe):
    """A point and its shape."""

    name = "image-segmentation"
    task = "image-segmentation"

    def train(self, directory: Path, work: Path, progress: Progress) -> Trained:
        """Train."""
        import torch
        from transformers import SamImageProcessor, SamModel, SamProcessor

        training.seed_everything(self.seed)
        model = SamModel(_config())
        with torch.no_grad():
            # Drawn as wide as an encoder's width, which tells neighbouring pixels apart and nothing else.
            codes = model.shared_image_embedding.positional_embedding
            codes.copy_(torch.randn(codes.shape))
        progress(f"{sum(weight.numel() for weight in model.parameters()):,} parameters")
        batch = _batches(self.seed)
        seconds = training.fit(_prompted_module(model), batch, STEPS, work, progress, rate=3e-3)
        model.save_pretrained(directory)
        side, small = pointings.SIDE, 4 * pointings.SIDE // PATCH
        processor = SamImageProcessor(
            size={"longest_edge": side},
            pad_size={"height": side, "width": side},
            mask_size={"longest_edge": small},
            mask_pad_size={"height": small, "width": small},
            image_mean=[MEAN] * 3,
            image_std=[SPREAD] * 3,
        )
        processor.save_pretrained(directory)
        # transformers 4 looks for the class here, 5 would write a file of its own that 4 cannot read.
        file = directory / "preprocessor_config.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | {"processor_class": "SamProcessor"}))
        found = _validate(model, SamProcessor(processor), progress)
        return Trained(STEPS, seconds, found)


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


def _batches(seed: int) -> Any:
    """What makes a step's inputs: pictures, points on things of each, and the masks of these at the decoder's size."""
    import torch

    side, most = pointings.SIDE, pointings.THINGS[1]
    small, share = 4 * side // PATCH, PATCH // 4
    scenes = shapes.scenes("train", TRAIN_SIZE, f"pointings/{seed}", side=side, things=pointings.THINGS)
    images = torch.zeros(TRAIN_SIZE, 3, side, side, dtype=torch.uint8)
    points = torch.zeros(TRAIN_SIZE, most, POINTS, 2)
    masks = torch.zeros(TRAIN_SIZE, most, small, small, dtype=torch.uint8)
    counts = np.zeros(TRAIN_SIZE, int)
    for row in range(TRAIN_SIZE):
        scene = scenes.pop(0)  # It keeps what it was drawn from, ten times the size of the picture.
        random = np.random.default_rng(scene.texture)
        counts[row] = len(scene.things)
        images[row] = torch.from_numpy(scene.image).permute(2, 0, 1)
        coarse = scene.coverage.reshape(-1, small, share, small, share).mean(axis=(2, 4))
        masks[row, : counts[row]] = torch.from_numpy(np.rint(coarse * 255).astype(np.uint8))
        for index, mask in enumerate(scene.masks):
            points[row, index] = torch.from_numpy(pointings.points_on(mask, POINTS, random))
    per_epoch = TRAIN_SIZE // BATCH

    def batch(step: int) -> dict[str, Any]:
        epoch, at = divmod(step, per_epoch)
        chosen = np.random.default_rng((seed, epoch)).permutation(TRAIN_SIZE)[at * BATCH : (at + 1) * BATCH]
        random = np.random.default_rng((seed, step))
        things = torch.from_numpy(np.stack([random.permutation(counts[row])[:PROMPTS] for row in chosen]))
        which = torch.from_numpy(random.integers(POINTS, size=(BATCH, PROMPTS)))
        rows = torch.from_numpy(chosen)
        return {
            "pixel_values": (images[rows].float() / 255 - MEAN) / SPREAD,
            "input_points": points[rows[:, None], things, which][:, :, None],
            "wanted": masks[rows[:, None], things].float() / 255,
        }

    return batch


def _prompted_module(model: Any) -> Any:
    """The model with its loss."""
    import torch
    from transformers.utils import ModelOutput

    class Prompted(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, pixel_values: Any, input_points: Any, wanted: Any) -> Any:
            told = self.model(pixel_values, input_points=input_points)
            return ModelOutput(loss=_loss(told.pred_masks, told.iou_scores, wanted[:, :, None]))

    return Prompted()


def _loss(masks: Any, scores: Any, wanted: Any) -> Any:
    """Focal loss and Dice of the best of the masks, and the error of what all of them are rated."""
    import torch

    wanted, chance = wanted.expand_as(masks), masks.sigmoid()
    wrong = torch.nn.functional.binary_cross_entropy_with_logits(masks, wanted, reduction="none")
    focal = (wrong * (chance - wanted).abs() ** FOCUS).mean(dim=(-1, -2))
    shared, both = (chance * wanted).sum(dim=(-1, -2)), (chance + wanted).sum(dim=(-1, -2))
    dice = 1 - (2 * shared + 1) / (both + 1)
    best = (FOCAL_WEIGHT * focal + dice).min(dim=-1).values.mean()
    with torch.no_grad():
        ours, theirs = masks > 0, wanted > 0.5
        overlap = (ours & theirs).sum(dim=(-1, -2)) / (ours | theirs).sum(dim=(-1, -2)).clamp(min=1)
    return best + (scores - overlap).square().mean()


def _validate(model: Any, processor: Any, progress: Progress) -> float:
    """The task's own score, on the validation split."""
    import torch

    from ...vision.image_segmentation import ImageSegmentation as Segmenting

    task = Segmenting()
    held_out = pointings.pointings("validation", VALIDATION_SIZE)
    answers: list[Any] = []
    for start in range(0, len(held_out), 50):
        chosen = held_out[start : start + 50]
        encoded = task.encode(processor, [{"image": each.image, "point": each.point} for each in chosen])
        with torch.inference_mode():
            answers += task.decode(model(**encoded), encoded, processor, model.config)
    truths = [pointings.runs(each.mask) for each in held_out]
    progress(f"validation: {task.metrics(answers, truths)}")
    return task.accuracy(answers, truths)
