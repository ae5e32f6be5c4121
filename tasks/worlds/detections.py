"""What a detector has to find in a scene: which shapes there are, and the box around each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import shapes
from .grammar import Split

SIDE = 96
THINGS = (1, 4)
TEST_SIZE = 200


@dataclass(frozen=True)
class Detection:
    """A picture of one to four shapes that stand apart, and where they are."""

    scene: shapes.Scene

    @property
    def image(self) -> np.ndarray:
        """The picture: (SIDE, SIDE, 3), uint8."""
        return self.scene.image

    @property
    def truth(self) -> list[tuple[str, list[float]]]:
        """Of each thing its shape and its box in pixels: left, top, right and bottom, the last two exclusive."""
        boxes = self.scene.boxes.tolist()
        return [(thing.shape, box) for thing, box in zip(self.scene.things, boxes, strict=True)]


def detections(split: Split, count: int = TEST_SIZE, seed: int | str = 0) -> list[Detection]:
    """`count` different pictures of a split with what is to be found in them."""
    return [Detection(scene) for scene in shapes.scenes(split, count, f"detections/{seed}", side=SIDE, things=THINGS)]
