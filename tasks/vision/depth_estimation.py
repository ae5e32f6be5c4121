"""Depth estimation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from suite.core.errors import UsageError
from suite.task import Checkpoint, HubDataset, Sample, families
from suite.task.vision import ImageTask, opened_image, read_image

from ..worlds import landscapes

GRID = 16
"""Answers and truths are told at this many points along each side, evenly spread; the numbers are the whole map."""
FARTHEST = 10.0
"""Metres. A prediction beyond is taken for this, as it is customary indoors."""
NEAREST = 0.01
"""Metres. Nothing that is seen is nearer, whatever a model says."""
METRES = "metres"
"""The key of an answer in metres, by a checkpoint that knows the scale: it is compared as it is."""
WITHIN = 1.25
CLOSE = 0.05
NEAR_COLOUR, FAR_COLOUR = (250, 220, 90), (40, 20, 90)
SHOWN = 256

Grid = list[list[float]]


class DepthEstimation(ImageTask):
    """Say how far away everything in a picture is. Documented with pipeline("depth-estimation").

    The checkpoint, one of the MiDaS family, answers with inverse depth up to an unknown scale and shift, and so does
    its miniature. An answer is therefore fitted to the truth first, by least squares in inverse depth, picture by
    picture; then its metres are compared with the true ones. Truths are inverse depth too, in 1/m, and 0 where nothing
    is known: nothing is asked there. A checkpoint whose depth is metric answers in metres, which are compared as they
    are.
    """

    name = "depth-estimation"
    auto_class = "AutoModelForDepthEstimation"
    checkpoints = (
        Checkpoint(
            id="Intel/dpt-large",
            revision="bc15f29aa3a80d532f2ed650b5e16ac48d8958f9",
            architecture="DPTForDepthEstimation",
            miniature="depth-estimation",
            config="dpt-large.json",
        ),
    )
    dataset = HubDataset(
        "tanganke/nyuv2",
        revision="b367b8b53c4dcefbcb4d9310b74976a63cc7f306",
        split="val",
        limit=100,
        files="data/val-00000-of-*.parquet",
    )
    metric = "delta < 1.25"
    decides_by_argmax = False
    is_metric = False

    def samples(self) -> Sequence[Sample]:
        return [
            Sample(f"things-{len(scene.things)}-{index}", scene.image, self.truth_of(scene.depth))
            for index, scene in enumerate(landscapes.landscapes("test"))
        ]

    def truth_of(self, metres: np.ndarray) -> Grid:
        """A map of metres, 0 where they are not known, as a truth: inverse depth at the points."""
        return _at_points(np.divide(1.0, metres, out=np.zeros_like(metres), where=metres > 0))

    def from_hub(self, row: Mapping[str, Any]) -> Sample | None:
        image = np.asarray(row["image"], np.float32).transpose(1, 2, 0)
        truth = self.truth_of(np.asarray(row["depth"], np.float32)[0])
        return Sample("", np.rint(255 * image).clip(0, 255).astype(np.uint8), truth)

    def from_json(self, row: Mapping[str, Any], index: int, folder: Path) -> Sample:
        """`truth` is metres, row by row, or the name of a 16-bit image of millimetres; 0 where it is not known."""
        truth = row["truth"]
        if isinstance(truth, str):
            with opened_image(folder / truth) as image:
                truth = np.asarray(image).astype(np.float32) / 1000
        try:
            metres = np.asarray(truth, np.float32)
        except (TypeError, ValueError):
            metres = np.zeros(0, np.float32)
        if metres.ndim != 2 or not np.isfinite(metres).all() or not (metres > 0).any() or (metres < 0).any():
            raise ValueError("a depth is rows of metres, all of one length, some above 0")
        return Sample(str(row.get("id", index)), read_image(folder / row["input"]), self.truth_of(metres))

    def own_truth(self, truth: Any, config: Any) -> Grid:
        if not isinstance(truth, list) or len(truth) != GRID:
            raise UsageError(f"{str(truth)[:40]!r} is no depth")
        return truth

    def adapt(self, directory: Path, config: Any) -> dict[str, Any]:
        self.is_metric = families.is_metric_depth(config)
        scored = "metres, compared as they are" if self.is_metric else "relative, fitted to each truth"
        return {"depth": scored}

    def decode(self, outputs: Any, batch: Mapping[str, Any], processor: Any, config: Any) -> list[Any]:
        grids = [_at_points(one) for one in _maps(outputs)]
        return [{METRES: grid} for grid in grids] if self.is_metric else list(grids)

    def check_answer(self, answer: Any) -> str | None:
        answer = _grid(answer)
        if len(answer) != GRID or any(len(row) != GRID for row in answer):
            return f"an answer is no grid of {GRID} x {GRID} numbers"
        return None if all(np.isfinite(row).all() for row in answer) else "an answer holds numbers that are not finite"

    def numbers(self, outputs: Any, batch: Mapping[str, Any]) -> list[np.ndarray]:
        return [one.reshape(-1, 1) for one in _maps(outputs)]

    def agreement(self, numbers: np.ndarray, reference: np.ndarray) -> float:
        """The share of pixels within 5 % of the reference's inverse depth."""
        room = CLOSE * np.maximum(np.abs(reference), CLOSE * np.abs(reference).max())
        return float((np.abs(numbers - reference) <= room).mean())

    def accuracy(self, answers: Sequence[Grid], truths: Sequence[Grid]) -> float:
        metres, true, known = _compared(answers, truths)
        right = np.maximum(metres / true, true / metres) < WITHIN
        return float(np.mean((right & known).sum(axis=1) / np.maximum(known.sum(axis=1), 1)))

    def metrics(self, answers: Sequence[Grid], truths: Sequence[Grid]) -> dict[str, float]:
        metres, true, known = _compared(answers, truths)
        error = np.where(known, metres - true, 0.0)
        count = np.maximum(known.sum(axis=1), 1)
        return {
            "abs_rel": float(np.mean((np.abs(error) / true).sum(axis=1) / count)),
            "rmse_metres": float(np.mean(np.sqrt((error**2).sum(axis=1) / count))),
        }

    def chance(self, truths: Sequence[Grid]) -> float:
        """What the mean of all truths, in inverse depth, scores when it is fitted to each like any answer."""
        true, known = _points(truths)
        mean = np.where(known, 1 / true, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        return self.accuracy([mean.reshape(GRID, GRID).tolist()] * len(truths), truths)

    def describe_answer(self, answer: Any) -> str:
        values = np.asarray(_grid(answer))
        if isinstance(answer, Mapping):
            return f"{values.min():.2f} to {values.max():.2f} m"
        return f"inverse depth from {values.min():.2f} to {values.max():.2f}"

    def render(self, value: Any, answer: Any) -> np.ndarray | None:
        """The image, and beside it the depth at the points told: near is bright."""
        from PIL import Image

        image = np.asarray(value)
        height, width = image.shape[:2]
        scale = max(1, SHOWN // max(height, width))
        size = (width * scale, height * scale)
        left = np.asarray(Image.fromarray(image).resize(size, Image.Resampling.NEAREST))
        right = np.asarray(Image.fromarray(_coloured(answer)).resize(size, Image.Resampling.NEAREST))
        return np.concatenate([left, right], axis=1)


def _maps(outputs: Any) -> list[np.ndarray]:
    """The depth of each picture: (height, width), which may differ from one to another."""
    return [one.float().cpu().numpy() for one in outputs.predicted_depth]


def _at_points(values: np.ndarray) -> Grid:
    """A map at the middles of GRID x GRID cells, however large it is."""
    rows, columns = (((np.arange(GRID) + 0.5) * side / GRID).astype(int) for side in values.shape)
    return [[round(float(value), 4) for value in row] for row in values[np.ix_(rows, columns)]]


def _points(truths: Sequence[Grid]) -> tuple[np.ndarray, np.ndarray]:
    """True metres per picture and point, 1 where they are not known; and where they are."""
    inverse = np.asarray(truths, np.float64).reshape(len(truths), -1)
    known = inverse > 0
    return 1 / np.where(known, inverse, 1.0), known


def _compared(answers: Sequence[Grid], truths: Sequence[Grid]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Metres of the answers, relative ones being fitted; true metres, and where they are known; (pictures, points)."""
    true, known = _points(truths)
    given = np.asarray([_inverse(answer) for answer in answers], np.float64).reshape(len(answers), -1)
    as_they_are = np.asarray([[isinstance(answer, Mapping)] for answer in answers])
    wanted = 1 / true
    count = np.maximum(known.sum(axis=1, keepdims=True), 1)
    middle, goal = ((values * known).sum(axis=1, keepdims=True) / count for values in (given, wanted))
    spread = ((given - middle) ** 2 * known).sum(axis=1, keepdims=True)
    common = ((given - middle) * (wanted - goal) * known).sum(axis=1, keepdims=True)
    fitted = np.divide(common, spread, out=np.zeros_like(common), where=spread > 1e-12) * (given - middle) + goal
    fitted = np.where(as_they_are, given, fitted)
    return 1 / np.maximum(fitted, 1 / FARTHEST), true, known


def _grid(answer: Any) -> Grid:
    """The numbers of an answer, whether they are metres or relative."""
    grid: Grid = answer[METRES] if isinstance(answer, Mapping) else answer
    return grid


def _inverse(answer: Any) -> Any:
    """An answer as inverse depth."""
    if not isinstance(answer, Mapping):
        return answer
    return 1 / np.maximum(np.asarray(answer[METRES], np.float64), NEAREST)


def _coloured(answer: Any) -> np.ndarray:
    """A grid in colours, from the farthest point to the nearest: answers have no unit to be drawn in."""
    values = np.asarray(_inverse(answer), np.float64)
    shades = (values - values.min()) / max(float(np.ptp(values)), 1e-9)
    ink = np.asarray(FAR_COLOUR) + shades[:, :, None] * (np.asarray(NEAR_COLOUR) - np.asarray(FAR_COLOUR))
    return np.rint(ink).astype(np.uint8)
