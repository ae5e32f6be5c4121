"""Pictures of things on a ground that recedes, and how far away everything in them is."""

from __future__ import annotations

from .grammar import Split
from .shapes import Scene, scenes

SIDE = 64
TEST_SIZE = 250
THINGS = (6, 8)
CROWDED = 0.14
"""Least sum of the things' squared radii, in pictures' sides: the ground is the same in all pictures, and tells no good
answer from a dull one."""


def landscapes(split: Split, count: int = TEST_SIZE, seed: int | str = "landscapes") -> list[Scene]:
    """`count` pictures of several things, the nearer ones in front of the farther; `depth` is their truth."""
    return scenes(
        split, count, seed, side=SIDE, things=THINGS, overlapping=True, perspective=True, wanted=_is_crowded
    )  # fmt: skip


def _is_crowded(scene: Scene) -> bool:
    return sum(thing.radius**2 for thing in scene.things) > CROWDED
