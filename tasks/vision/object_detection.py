"""Object detection."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from suite.core.errors import UsageError
from suite.task import Batch, Checkpoint, HubDataset, Sample
from suite.task.base import notes_of
from suite.task.labels import Labelled
from suite.task.truths import check_label
from suite.task.vision import ImageTask

from ..worlds import coco, detections, shapes

THRESHOLD = 0.1
"""Least score of a box that is told. An average precision wants the unsure ones too; a person would ask for 0.5."""
SHOWN_FROM = 0.5
SHOWN = 288
"""Pixels along the longer side of a small picture in the report."""
INK = (200, 0, 90)
Found = tuple[str, float, list[float]]
"""A label, its score, and its box: left, top, right and bottom in pixels of the picture."""


class ObjectDetection(Labelled, ImageTask):
    """Find things in a picture and draw a box around each. Documented with pipeline("object-detection")."""

    name = "object-detection"
    auto_class = "AutoModelForObjectDetection"
    checkpoints = (
        Checkpoint(
            id="facebook/detr-resnet-50",
            revision="1d5f47bd3bdd2c4bbfa585418ffe6da5028b4c0b",
            architecture="DetrForObjectDetection",
            miniature="object-detection",
            config="detr-resnet-50.json",
        ),
    )
    dataset = HubDataset(
        "detection-datasets/coco",
        revision="cf0b22332314a937e9dc8a1957b21725430bb41d",
        split="val",
        limit=200,
        files="data/val-*.parquet",
    )
    metric = "mAP"
    labels = shapes.SHAPES
    one_label = False
    decides_by_argmax = False
    resamples = 20

    def samples(self) -> Sequence[Sample]:
        return [
            Sample(f"things-{len(detection.truth)}-{index}", detection.image, detection.truth)
            for index, detection in enumerate(detections.detections("test"))
        ]

    def from_hub(self, row: Mapping[str, Any]) -> Sample | None:
        image = np.asarray(row["image"].convert("RGB"))
        objects = row["objects"]
        named = [coco.NAMES[category] for category in objects["category"]]
        truth = [(label, [float(edge) for edge in box]) for label, box in zip(named, objects["bbox"], strict=True)]
        return Sample("", image, truth) if truth else None

    def check_config(self, config: Any) -> None:
        # The things of the real data serve as well as those of the generated pictures.
        if not set(coco.NAMES) <= set(config.id2label.values()):
            super().check_config(config)

    def check_truth(self, truth: Any) -> None:
        _boxes(truth)

    def own_truth(self, truth: Any, config: Any) -> list[tuple[str, list[float]]]:
        return [(self.own_label(label, config), box) for label, box in _boxes(truth)]

    def blind_answers(self, truths: Sequence[Any]) -> None:
        return None

    def chance(self, truths: Sequence[Any]) -> float:
        """None; but where there is nothing to be found, whoever finds nothing is right."""
        return 0.0 if any(truths) else 1.0

    def encode(self, processor: Any, inputs: Sequence[Any]) -> dict[str, Any]:
        return Batch(super().encode(processor, inputs), notes=[image.shape[:2] for image in inputs])

    def decode(self, outputs: Any, batch: Mapping[str, Any], processor: Any, config: Any) -> list[list[Found]]:
        raw = SimpleNamespace(logits=outputs.logits.float().cpu(), pred_boxes=outputs.pred_boxes.float().cpu())
        sizes = notes_of(batch)
        rows = processor.post_process_object_detection(raw, threshold=THRESHOLD, target_sizes=sizes)
        return [
            [
                (self.label(label, config), round(score, 4), [round(edge, 1) for edge in box])
                for label, score, box in zip(
                    one["labels"].tolist(), one["scores"].tolist(), one["boxes"].tolist(), strict=True
                )
            ]
            for one in rows
        ]

    def check_answer(self, answer: Any) -> str | None:
        for label, score, box in answer:
            if not isinstance(label, str) or not THRESHOLD - 0.01 <= score <= 1 or len(box) != 4:
                return f"{(label, score, box)} is not a label with a score of at least {THRESHOLD} and a box"
        return None

    def numbers(self, outputs: Any, batch: Mapping[str, Any]) -> list[np.ndarray]:
        parts = (outputs.logits, outputs.pred_boxes)
        return list(np.concatenate([part.float().cpu().numpy() for part in parts], axis=-1))

    def agreement(self, numbers: np.ndarray, reference: np.ndarray) -> float:
        ours, theirs = numbers[:, :-4].argmax(-1), reference[:, :-4].argmax(-1)
        return float((ours == theirs).mean())

    def accuracy(self, answers: Sequence[Sequence[Found]], truths: Sequence[Sequence[Any]]) -> float:
        return _coco(answers, truths)[0]

    def metrics(self, answers: Sequence[Sequence[Found]], truths: Sequence[Sequence[Any]]) -> dict[str, float]:
        _, half, three_quarters = _coco(answers, truths)
        return {"ap50": half, "ap75": three_quarters}

    def describe_answer(self, answer: Any) -> str:
        things = [(one[0], one[-1], "" if len(one) == 2 else f" {one[1]:.2f}") for one in answer if _sure(one)]
        return "; ".join(
            f"{label}{score} at {', '.join(f'{edge:.0f}' for edge in box)}" for label, box, score in things
        )

    def render(self, value: Any, answer: Any) -> np.ndarray:
        from PIL import Image, ImageDraw

        scale = max(1, round(SHOWN / max(value.shape[:2])))
        image = Image.fromarray(value).resize(
            (value.shape[1] * scale, value.shape[0] * scale), Image.Resampling.NEAREST
        )
        pen = ImageDraw.Draw(image)
        for one in filter(_sure, answer or ()):
            left, top, right, bottom = (edge * scale for edge in one[-1])
            pen.rectangle((left, top, right, bottom), outline=INK, width=2)
            text = one[0] if len(one) == 2 else f"{one[0]} {one[1]:.2f}"
            pen.rectangle(pen.textbbox((left + 2, top + 1), text), fill=INK)
            pen.text((left + 2, top + 1), text, fill=(255, 255, 255))
        return np.asarray(image)


def _boxes(truth: Any) -> list[tuple[Any, list[float]]]:
    """The labels and boxes of a truth in a samples file.

    Raises:
        UsageError: it holds something else.
    """
    boxes = []
    for one in truth if isinstance(truth, list | tuple) else [truth]:
        try:
            label, (left, top, right, bottom) = one[0], (float(edge) for edge in one[1])
        except (IndexError, KeyError, TypeError, ValueError):
            raise UsageError(f"{one!r} is not [label, [left, top, right, bottom]] in pixels") from None
        if not (left < right and top < bottom):
            raise UsageError(f"the box {one[1]!r} is empty: write its left, top, right and bottom in pixels")
        check_label(label)
        boxes.append((label, [left, top, right, bottom]))
    return boxes


def _sure(one: Sequence[Any]) -> bool:
    """Whether to show this: a thing of the truth, or an answer that a person would believe."""
    return len(one) == 2 or one[1] >= SHOWN_FROM


def _coco(answers: Sequence[Sequence[Found]], truths: Sequence[Sequence[Any]]) -> tuple[float, float, float]:
    """Mean average precision over overlaps of 0.5 to 0.95, at 0.5 and at 0.75, as COCO's own tool counts it."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    names = sorted({label for truth in truths for label, _ in truth})
    numbers = {name: index for index, name in enumerate(names, 1)}
    truth_rows = [_box(image, numbers[label], box) for image, truth in enumerate(truths) for label, box in truth]
    answer_rows = [
        _box(image, numbers[label], box) | {"score": score}
        for image, answer in enumerate(answers)
        for label, score, box in answer
        if label in numbers
    ]
    if not truth_rows or not answer_rows:
        return 0.0, 0.0, 0.0
    with contextlib.redirect_stdout(io.StringIO()):
        truth, detected = COCO(), COCO()
        images = [{"id": image} for image in range(len(truths))]
        categories = [{"id": number, "name": name} for name, number in numbers.items()]
        for collection, rows in ((truth, truth_rows), (detected, answer_rows)):
            numbered = [row | {"id": index} for index, row in enumerate(rows, 1)]
            collection.dataset = {"images": images, "categories": categories, "annotations": numbered}
            collection.createIndex()
        judge = COCOeval(truth, detected, "bbox")
        judge.params.areaRng, judge.params.areaRngLbl = judge.params.areaRng[:1], judge.params.areaRngLbl[:1]
        judge.params.maxDets = judge.params.maxDets[-1:]
        judge.evaluate()
        judge.accumulate()
    precision = judge.eval["precision"][..., 0, 0]

    def mean(values: np.ndarray) -> float:
        return float(values[values > -1].mean()) if (values > -1).any() else 0.0

    overlaps = judge.params.iouThrs.round(2).tolist()
    return mean(precision), mean(precision[overlaps.index(0.5)]), mean(precision[overlaps.index(0.75)])


def _box(image: int, category: int, box: Sequence[float]) -> dict[str, Any]:
    left, top, right, bottom = box
    size = [left, top, right - left, bottom - top]
    return {"image_id": image, "category_id": category, "bbox": size, "area": size[2] * size[3], "iscrowd": 0}
