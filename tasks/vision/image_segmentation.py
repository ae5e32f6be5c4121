"""Image segmentation by a visual prompt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from suite.core.errors import InvalidInput, UsageError
from suite.task import Batch, Checkpoint, Sample
from suite.task.base import notes_of
from suite.task.vision import ImageTask, read_image

from ..worlds import pointings

INK = (255, 0, 140)
SHOWN = 288
"""Pixels along the longer side of a small picture in the report."""
Masked = dict[str, Any]
"""A mask as run lengths down its columns, `size` and `counts` as COCO has them; in an answer also the `score`, what the
model takes its overlap with the truth to be."""


class ImageSegmentation(ImageTask):
    """Outline the thing at a point of a picture. Documented with SamModel and SamProcessor(input_points=...).

    An input is `{"image": array, "point": (x, y)}`, the point in pixels of the picture. Of the model's three masks the
    one counts that it rates highest.
    """

    name = "image-segmentation"
    auto_class = "AutoModelForMaskGeneration"
    processor_class = "AutoProcessor"
    checkpoints = (
        Checkpoint(
            id="facebook/sam-vit-base",
            revision="70c1a07f894ebb5b307fd9eaaee97b9dfc16068f",
            architecture="SamModel",
            miniature="image-segmentation",
            config="sam-vit-base.json",
        ),
    )
    metric = "mean IoU"
    decides_by_argmax = False

    def samples(self) -> Sequence[Sample]:
        return [
            Sample(
                f"{pointing.scene.things[pointing.index].shape}-{index}",
                {"image": pointing.image, "point": pointing.point},
                pointings.runs(pointing.mask),
            )
            for index, pointing in enumerate(pointings.pointings("test"))
        ]

    def image_of(self, value: Any) -> Any:
        return value["image"] if isinstance(value, Mapping) else None

    def check_input(self, value: Any, processor: Any, config: Any) -> None:
        if not isinstance(value, Mapping) or set(value) != {"image", "point"}:
            raise InvalidInput(f'{self.name} takes {{"image": ..., "point": (x, y)}}: say what is pointed at.')
        super().check_input(value, processor, config)
        height, width = value["image"].shape[:2]
        try:
            x, y = (float(place) for place in value["point"])
        except (TypeError, ValueError):
            raise InvalidInput(f"{self.name} takes a point as two numbers, not {value['point']!r}.") from None
        if not (0 <= x < width and 0 <= y < height):
            raise InvalidInput(f"{self.name} was given the point {x:g}, {y:g}, outside {width} x {height} pixels.")

    def bad_inputs(self, processor: Any, config: Any) -> Mapping[str, Any]:
        image = np.zeros((32, 48, 3), np.uint8)
        images = super().bad_inputs(processor, config).items()
        return {f"{what} image": {"image": bad, "point": (0, 0)} for what, bad in images} | {
            "pointless": {"image": image},
            "outside": {"image": image, "point": (10, 40)},
            "wrong-typed point": {"image": image, "point": "10, 10"},
            "wrong-typed": image,
        }

    def from_json(self, row: Mapping[str, Any], index: int, folder: Path) -> Sample:
        given = row["input"]
        value = {"image": read_image(folder / given["image"]), "point": tuple(given["point"])}
        return Sample(str(row.get("id", index)), value, row["truth"])

    def check_truth(self, truth: Any) -> None:
        try:
            height, width = truth["size"]
            if sum(truth["counts"]) == height * width and min(truth["counts"]) >= 0:
                return
        except (KeyError, TypeError, ValueError):
            pass
        raise UsageError(
            'a mask is {"size": [height, width], "counts": [...]}, run lengths down its columns, off first'
        )

    def own_truth(self, truth: Any, config: Any) -> Masked:
        self.check_truth(truth)
        return {"size": list(truth["size"]), "counts": list(truth["counts"])}

    def encode(self, processor: Any, inputs: Sequence[Any]) -> dict[str, Any]:
        points = [[[float(place) for place in value["point"]]] for value in inputs]
        encoded = processor(
            [value["image"] for value in inputs], input_points=[[point] for point in points], return_tensors="pt"
        )
        tensors = {"pixel_values": encoded["pixel_values"].float(), "input_points": encoded["input_points"].float()}
        sizes = encoded["original_sizes"], encoded["reshaped_input_sizes"]
        return Batch(tensors, notes=[np.asarray(size).tolist() for size in sizes])

    def decode(self, outputs: Any, batch: Mapping[str, Any], processor: Any, config: Any) -> list[Masked]:
        original, reshaped = notes_of(batch)
        scores = outputs.iou_scores[:, 0].float().cpu()
        best = scores.argmax(dim=-1).tolist()
        masks = outputs.pred_masks[:, 0].float().cpu()
        chosen = [mask[None, index : index + 1] for mask, index in zip(masks, best, strict=True)]
        full = processor.post_process_masks(chosen, original, reshaped)
        return [
            pointings.runs(mask[0, 0].numpy()) | {"score": round(score[index].item(), 3)}
            for mask, score, index in zip(full, scores, best, strict=True)
        ]

    def check_answer(self, answer: Any) -> str | None:
        height, width = answer["size"]
        if sum(answer["counts"]) != height * width:
            return f"the runs of a mask cover {sum(answer['counts'])} pixels where there are {height * width}"
        return None

    def numbers(self, outputs: Any, batch: Mapping[str, Any]) -> list[np.ndarray]:
        masks = outputs.pred_masks[:, 0].flatten(2).float().cpu().numpy()
        scores = outputs.iou_scores[:, 0, :, None].float().cpu().numpy()
        return list(np.concatenate([masks, scores], axis=-1))

    def agreement(self, numbers: np.ndarray, reference: np.ndarray) -> float:
        return float(((numbers[:, :-1] > 0) == (reference[:, :-1] > 0)).mean())

    def accuracy(self, answers: Sequence[Masked], truths: Sequence[Masked]) -> float:
        return float(np.mean(_overlaps(answers, truths)))

    def metrics(self, answers: Sequence[Masked], truths: Sequence[Masked]) -> dict[str, float]:
        overlaps = _overlaps(answers, truths)
        scores = np.asarray([answer["score"] for answer in answers])
        return {
            "iou_above_half": float(np.mean(overlaps > 0.5)),
            "iou_prediction_error": float(np.mean(np.abs(scores - overlaps))),
        }

    def chance(self, truths: Sequence[Masked]) -> float:
        # Whoever sees no picture does best to answer with all of it.
        return float(np.mean([sum(truth["counts"][1::2]) / sum(truth["counts"]) for truth in truths]))

    def describe(self, value: Any) -> str:
        x, y = value["point"]
        return f"{super().describe(value)}, pointed at {x:g}, {y:g}"

    def describe_answer(self, answer: Any) -> str:
        rating = f", rated {answer['score']:.2f}" if "score" in answer else ""
        return f"a mask of {sum(answer['counts'][1::2])} pixels{rating}"

    def render(self, value: Any, answer: Any) -> np.ndarray:
        image = value["image"].astype(np.float32)
        if answer is not None:
            mask = pointings.pixels(answer)
            image[mask] = 0.45 * image[mask] + 0.55 * np.asarray(INK, np.float32)
        height, width = image.shape[:2]
        scale = max(1, round(SHOWN / max(height, width)))
        enlarged = np.repeat(np.repeat(image, scale, axis=0), scale, axis=1).astype(np.uint8)
        x, y = (int((place + 0.5) * scale) for place in value["point"])
        arm = max(3, SHOWN // 40)
        for across, down in ((arm, 1), (1, arm)):
            enlarged[max(0, y - down) : y + down + 1, max(0, x - across) : x + across + 1] = 255
        return enlarged


def _overlaps(answers: Sequence[Masked], truths: Sequence[Masked]) -> np.ndarray:
    """Intersection over union, one by one."""
    from pycocotools import mask

    def packed(runs: Masked) -> Any:
        return mask.frPyObjects({"size": runs["size"], "counts": runs["counts"]}, *runs["size"])

    return np.asarray(
        [
            mask.iou([packed(answer)], [packed(truth)], [0])[0, 0] if answer["size"] == truth["size"] else 0.0
            for answer, truth in zip(answers, truths, strict=True)
        ]
    )
