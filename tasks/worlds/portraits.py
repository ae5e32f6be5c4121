"""Pictures of one thing each, for naming it: a shape in a colour, of any size, that fills much of the picture."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .grammar import Split
from .shapes import COLOURS, SHAPES, Scene, scenes

SCENE = 96
SIDE = 48
ROOM = 8
"""Pixels that the thing may be off the middle, on either axis."""
TEST_SIZE = 300
LABELS = tuple(f"{colour} {shape}" for colour in COLOURS for shape in SHAPES)
"""A class is a colour and a shape; what is held out is either at a size and a place in the scene."""


@dataclass(frozen=True)
class Portrait:
    """The part of a scene around its one thing."""

    scene: Scene
    left: int
    top: int

    @property
    def name(self) -> str:
        """The class of the thing."""
        return f"{self.scene.things[0].colour} {self.scene.things[0].shape}"

    @property
    def size(self) -> str:
        """How large the thing is, in a word."""
        return self.scene.things[0].size

    @cached_property
    def image(self) -> np.ndarray:
        """The picture: (SIDE, SIDE, 3), uint8."""
        return self.scene.image[self.top : self.top + SIDE, self.left : self.left + SIDE]


def portraits(split: Split, count: int = TEST_SIZE, seed: int | str = "portraits") -> list[Portrait]:
    """`count` pictures of one thing each."""
    return [_framed(scene) for scene in scenes(split, count, seed, side=SCENE)]


def corner(scene: Scene, right: int, down: int) -> tuple[int, int]:
    """Left and top of the part of a scene whose middle is off its thing by so many pixels, as far as there is room."""
    left, top = (
        min(max(round(middle * SCENE - SIDE / 2) + off, 0), SCENE - SIDE)
        for middle, off in ((scene.things[0].x, right), (scene.things[0].y, down))
    )
    return left, top


def _framed(scene: Scene) -> Portrait:
    off = random.Random(scene.texture)
    return Portrait(scene, *corner(scene, off.randint(-ROOM, ROOM), off.randint(-ROOM, ROOM)))
