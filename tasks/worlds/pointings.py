"""A picture of shapes, a point on one of them, and the pixels of the thing that was pointed at."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from . import shapes
from .grammar import Split

SIDE = 96
THINGS = (2, 4)
TEST_SIZE = 300


@dataclass(frozen=True)
class Pointing:
    """A scene of two to four things that stand apart, and which of them is meant."""

    scene: shapes.Scene
    index: int

    @property
    def image(self) -> np.ndarray:
        """The picture: (SIDE, SIDE, 3), uint8."""
        return self.scene.image

    @cached_property
    def mask(self) -> np.ndarray:
        """The pixels of what is meant: (SIDE, SIDE), bool."""
        return np.asarray(self.scene.masks[self.index])

    @property
    def point(self) -> tuple[int, int]:
        """Column and row of a pixel of it that does not lie at its edge, always the same one."""
        x, y = points_on(self.mask, 1, np.random.default_rng(self.scene.texture))[0]
        return int(x), int(y)


def points_on(mask: np.ndarray, count: int, random: np.random.Generator) -> np.ndarray:
    """Random pixels (column, row) of a mask that are not at its edge, if it has such: (count, 2)."""
    padded = np.pad(mask, 1)
    inner = mask & padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    rows, columns = np.nonzero(inner if inner.any() else mask)
    chosen = random.integers(len(rows), size=count)
    return np.stack([columns[chosen], rows[chosen]], axis=-1)


def pointings(split: Split, count: int = TEST_SIZE, seed: int | str = 0) -> list[Pointing]:
    """`count` different pictures of a split, with one thing pointed at in each."""
    scenes = shapes.scenes(split, count, f"pointings/{seed}", side=SIDE, things=THINGS)
    return [Pointing(scene, scene.texture % len(scene.things)) for scene in scenes]


def runs(mask: np.ndarray) -> dict[str, Any]:
    """A mask as plain values, as COCO writes them: its size, and the lengths of runs down its columns, off first."""
    flat = np.asarray(mask, bool).ravel(order="F")
    changes = np.flatnonzero(np.diff(np.concatenate([[False], flat]))).tolist()
    edges = [0, *changes, flat.size]
    return {"size": list(mask.shape), "counts": [end - start for start, end in itertools.pairwise(edges)]}


def pixels(mask: dict[str, Sequence[int]]) -> np.ndarray:
    """The mask that `runs` wrote down."""
    values = np.arange(len(mask["counts"])) % 2 == 1
    return np.repeat(values, mask["counts"]).reshape(tuple(mask["size"]), order="F")
