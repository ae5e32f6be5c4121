"""DETR for object detection.

From scratch a small DETR learns nothing for thousands of steps: its queries begin alike, and only the borders of the
convolutions tell its values where they are. Three things help. The backbone is trained first, as in the paper, here by
saying at each cell of its map which shape is there and where its box lies in the picture; the same is asked of the
encoder's tokens, beside the queries, by the detector's own heads; and the queries begin as the codes of places that are
spread over the picture.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from suite.task.miniatures import Progress, Recipe, Trained

from ...vision.object_detection import ObjectDetection as Detecting
from ...worlds import detections, shapes
from .. import training

TRAIN_SIZE = 8000
VALIDATION_SIZE = 200
BACKBONE_STEPS, STEPS = 700, 2600
BATCH = 32
WIDTH, STAGES, DEPTHS = 96, (32, 64), (2, 2)
STRIDE = 8
GRID = 4
"""Queries along a side."""
EMPTY_WEIGHT = 0.2
"""What it counts that a query, or a cell, finds nothing where there is nothing; finding something counts 1."""
BOX_WEIGHT, OVERLAP_WEIGHT = 5.0, 2.0
MEAN, SPREAD = 0.5, 0.25
EMPTY = len(shapes.SHAPES)
IGNORED = -100


class ObjectDetection(Recipe):
    """Shapes and their boxes."""

    name = "object-detection"
    task = "object-detection"

    def train(self, directory: Path, work: Path, progress: Progress) -> Trained:
        """Train the backbone, then all of it."""
        from transformers import DetrForObjectDetection, ResNetBackbone

        training.seed_everything(self.seed)
        batch = _batches(detections.detections("train", TRAIN_SIZE), self.seed)
        config = _config()
        cells = _cells_module(ResNetBackbone(config.backbone_config))
        early = work / "backbone"
        early.mkdir(exist_ok=True)
        seconds = training.fit(cells, batch, BACKBONE_STEPS, early, progress, rate=3e-3)
        model = DetrForObjectDetection(config)
        model.model.backbone.model.load_state_dict(cells.backbone.state_dict(), strict=False)
        _spread_queries(model)
        for weight in model.parameters():
            weight.requires_grad_(True)  # Its first layers are frozen, which suits weights that were learnt elsewhere.
        progress(f"{sum(weight.numel() for weight in model.parameters()):,} parameters")
        seconds += training.fit(_detector_module(model), batch, STEPS, work, progress, rate=1.5e-3)
        model.save_pretrained(directory)
        processor = _processor()
        processor.save_pretrained(directory)
        held_out = detections.detections("validation", VALIDATION_SIZE)
        pairs = [(each.image, each.truth) for each in held_out]
        score = training.score_of_task(Detecting(), model, processor, pairs, progress)
        return Trained(STEPS, seconds, score, {"backbone_trained_first_for": f"{BACKBONE_STEPS:,} steps"})


def _config() -> Any:
    from transformers import DetrConfig, ResNetConfig

    backbone = ResNetConfig(
        embedding_size=STAGES[0],
        hidden_sizes=list(STAGES),
        depths=list(DEPTHS),
        layer_type="basic",
        out_features=[f"stage{len(STAGES)}"],
    )
    return DetrConfig(
        backbone_config=backbone,
        use_timm_backbone=False,
        use_pretrained_backbone=False,
        backbone=None,  # transformers 4 would take its default for a second backbone.
        num_queries=GRID * GRID,
        d_model=WIDTH,
        encoder_layers=2,
        decoder_layers=2,
        encoder_ffn_dim=2 * WIDTH,
        decoder_ffn_dim=2 * WIDTH,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        dropout=0.0,
        id2label=dict(enumerate(shapes.SHAPES)),
        label2id={label: index for index, label in enumerate(shapes.SHAPES)},
    )


def _processor() -> Any:
    from transformers import DetrImageProcessor

    return DetrImageProcessor(
        size={"shortest_edge": detections.SIDE, "longest_edge": 2 * detections.SIDE},
        image_mean=[MEAN] * 3,
        image_std=[SPREAD] * 3,
    )


def _batches(examples: list[detections.Detection], seed: int) -> Any:
    """What makes a step's inputs: pictures, and of their things the classes and boxes, the latter as shares."""
    import torch

    count, most, side = len(examples), detections.THINGS[1], detections.SIDE
    images = torch.zeros(count, 3, side, side, dtype=torch.uint8)
    classes = torch.full((count, most), IGNORED)
    boxes = torch.zeros(count, most, 4)
    for row in range(count):
        each = examples.pop(0)  # It keeps what it was drawn from, ten times the size of the picture.
        images[row] = torch.from_numpy(each.image).permute(2, 0, 1)
        for column, (shape, (left, top, right, bottom)) in enumerate(each.truth):
            classes[row, column] = shapes.SHAPES.index(shape)
            box = ((left + right) / 2, (top + bottom) / 2, right - left, bottom - top)
            boxes[row, column] = torch.tensor(box) / side
    per_epoch = count // BATCH

    def batch(step: int) -> dict[str, Any]:
        epoch, at = divmod(step, per_epoch)
        order = np.random.default_rng((seed, epoch)).permutation(count)
        chosen = torch.from_numpy(order[at * BATCH : (at + 1) * BATCH])
        pixels = (images[chosen].float() / 255 - MEAN) / SPREAD
        return {"pixel_values": pixels, "classes": classes[chosen], "boxes": boxes[chosen]}

    return batch


def _cells_module(backbone: Any) -> Any:
    """The backbone with heads that say at each cell what is there; only the backbone is kept."""
    import torch
    from transformers.utils import ModelOutput

    class Cells(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.backbone = backbone
            self.heads = torch.nn.Conv2d(STAGES[-1], EMPTY + 1 + 4, 1)

        def forward(self, pixel_values: Any, classes: Any, boxes: Any) -> Any:
            seen = self.heads(self.backbone(pixel_values).feature_maps[-1]).flatten(2).transpose(1, 2)
            return ModelOutput(loss=_dense_loss(seen[..., :-4], seen[..., -4:].sigmoid(), classes, boxes))

    return Cells()


def _detector_module(model: Any) -> Any:
    """The detector with the losses of its queries after every decoder layer, and of its encoder's tokens."""
    import torch
    from transformers.utils import ModelOutput

    class Detector(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model
            self.layers: list[Any] = []
            for layer in model.model.decoder.layers:
                layer.register_forward_hook(lambda _module, _inputs, output: self.layers.append(output))

        def forward(self, pixel_values: Any, classes: Any, boxes: Any) -> Any:
            self.layers.clear()
            tokens = self.model(pixel_values).encoder_last_hidden_state
            normal, label, place = (
                self.model.model.decoder.layernorm,
                self.model.class_labels_classifier,
                self.model.bbox_predictor,
            )
            loss = _dense_loss(label(normal(tokens)), place(normal(tokens)).sigmoid(), classes, boxes)
            for layer in self.layers:
                states = normal(layer[0] if isinstance(layer, tuple) else layer)
                loss = loss + _matched_loss(label(states), place(states).sigmoid(), classes, boxes)
            return ModelOutput(loss=loss)

    return Detector()


def _dense_loss(logits: Any, places: Any, classes: Any, boxes: Any) -> Any:
    """At each cell, row by row, the thing whose middle it belongs to; cells at a thing's edge are not asked."""
    import torch

    side = round(logits.shape[1] ** 0.5)
    at = (torch.arange(side) + 0.5) / side
    y, x = torch.meshgrid(at, at, indexing="ij")
    away = torch.stack([x.flatten(), y.flatten()], -1)[None, :, None] - boxes[:, None, :, :2]
    half = boxes[:, None, :, 2:] / 2
    real = (classes != IGNORED)[:, None]
    inside = (away.abs() <= half).all(-1) & real
    middle = (away.abs() <= (0.6 * half).clamp(min=0.51 / side)).all(-1) & real
    nearest = (away.abs().sum(-1) + 9.0 * ~middle).argmin(-1)
    filled = middle.any(-1)
    wanted = torch.where(filled, classes.gather(1, nearest), torch.where(inside.any(-1), IGNORED, EMPTY))
    targets = boxes.gather(1, nearest[..., None].expand(-1, -1, 4))
    return _loss(logits, wanted, places[filled], targets[filled])


def _matched_loss(logits: Any, places: Any, classes: Any, boxes: Any) -> Any:
    """One query for each thing: those that together fit best."""
    import torch
    from scipy.optimize import linear_sum_assignment

    real = classes != IGNORED
    with torch.no_grad():
        chance = logits.softmax(-1).gather(2, classes.clamp(min=0)[:, None].expand(-1, logits.shape[1], -1))
        ours, theirs = places[:, :, None], boxes[:, None]
        apart = (ours - theirs).abs().sum(-1)
        cost = (BOX_WEIGHT * apart - chance - OVERLAP_WEIGHT * _overlap(ours, theirs)).numpy()
    rows, queries, things = [], [], []
    for row, count in enumerate(real.sum(-1).tolist()):
        query, thing = linear_sum_assignment(cost[row, :, :count])
        rows += [row] * count
        queries += query.tolist()
        things += thing.tolist()
    wanted = torch.full(logits.shape[:2], EMPTY)
    wanted[rows, queries] = classes[rows, things]
    return _loss(logits, wanted, places[rows, queries], boxes[rows, things])


def _loss(logits: Any, wanted: Any, places: Any, targets: Any) -> Any:
    """The detector's own: cross-entropy, distance of the boxes and what they lack in overlap."""
    import torch

    weights = torch.ones(EMPTY + 1)
    weights[EMPTY] = EMPTY_WEIGHT
    classification = torch.nn.functional.cross_entropy(
        logits.flatten(0, 1), wanted.flatten(), weights, ignore_index=IGNORED
    )
    apart = (places - targets).abs().sum(-1).mean()
    return classification + BOX_WEIGHT * apart + OVERLAP_WEIGHT * (1 - _overlap(places, targets)).mean()


def _overlap(a: Any, b: Any) -> Any:
    """Generalized intersection over union of boxes given by centre, width and height."""
    import torch

    low_a, high_a = a[..., :2] - a[..., 2:] / 2, a[..., :2] + a[..., 2:] / 2
    low_b, high_b = b[..., :2] - b[..., 2:] / 2, b[..., :2] + b[..., 2:] / 2
    shared = (torch.minimum(high_a, high_b) - torch.maximum(low_a, low_b)).clamp(min=0).prod(-1)
    around = (torch.maximum(high_a, high_b) - torch.minimum(low_a, low_b)).prod(-1)
    union = a[..., 2:].prod(-1) + b[..., 2:].prod(-1) - shared
    return shared / (union + 1e-7) - (around - union) / (around + 1e-7)


def _spread_queries(model: Any) -> None:
    """Let each query begin by looking at its place in a grid, and all of them look in the way that they are coded."""
    import torch

    base = model.model
    side = detections.SIDE // STRIDE
    codes = base.position_embedding((1, WIDTH, side, side), "cpu", torch.float32, torch.ones(1, side, side))[0]
    at = ((torch.arange(GRID) + 0.5) * side / GRID - 0.5).round().long()
    with torch.no_grad():
        base.query_position_embeddings.weight.copy_(codes[:, at][:, :, at].flatten(1).T)
        for layer in base.decoder.layers:
            look = layer.encoder_attn
            torch.nn.init.orthogonal_(look.q_proj.weight, 2.0)
            look.k_proj.weight.copy_(look.q_proj.weight)
