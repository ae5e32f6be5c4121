"""Pictures of coloured shapes, whose every pixel is known: what it shows, where, how far away, in which words.

A scene is a textured background with up to four things on it, each a shape of one colour, size and place. What is held
out is that combination: a large red star in the upper left occurs in one split alone, as does every other. Everything
is drawn by arithmetic on a grid of sub-pixels, so that the same scene has the same pixels everywhere, and boxes, masks
and depths come from the very arrays that colour the picture.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .grammar import Draw, NoneLeftError, Split

SHAPES = ("circle", "square", "triangle", "star", "cross", "ring")
COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (214, 48, 49),
    "green": (39, 154, 70),
    "blue": (45, 82, 214),
    "yellow": (240, 200, 40),
    "purple": (142, 68, 173),
    "orange": (235, 125, 30),
    "white": (245, 245, 245),
    "black": (25, 25, 25),
}
SIZES = {"small": 0.10, "medium": 0.14, "large": 0.19}
"""Radius, as a share of the picture's side."""
PLACES = 4
"""Cells along a side that a thing's centre is drawn from; the cell is part of what is held out."""
BACKGROUNDS = {"grey": (128, 128, 128), "sand": (196, 178, 140), "teal": (96, 140, 140), "mauve": (150, 120, 140)}
SUBPIXELS = 3
TEXTURE = 14.0
SHADE = 0.18
NEAR, FAR = 1.0, 4.0
"""Metres: a thing at the nearest distance, and the background at the bottom; at the top it is twice as far."""
REACH = 1.2
"""Radii from a thing's middle within which all of it lies: the corners of a square reach 1.13."""
OVERLAP = 1.15
"""Centres are at least this many times the sum of their radii apart, unless a scene is meant to overlap."""


@dataclass(frozen=True)
class Thing:
    """A shape somewhere in a scene. Lengths are shares of the picture's side, x to the right and y down."""

    shape: str
    colour: str
    size: str
    x: float
    y: float
    radius: float
    angle: float
    distance: float
    """From the viewer, in metres; nearer things hide farther ones, and are drawn larger if the scene has depth."""

    @property
    def cell(self) -> tuple[int, int]:
        """Row and column of the coarse grid that its centre lies in."""
        return min(int(self.y * PLACES), PLACES - 1), min(int(self.x * PLACES), PLACES - 1)

    @property
    def combination(self) -> tuple[str, ...]:
        """What occurs in one split only."""
        row, column = self.cell
        return (self.shape, self.colour, self.size, str(row), str(column))

    @property
    def words(self) -> str:
        """It, named: "large red star"."""
        return f"{self.size} {self.colour} {self.shape}"


@dataclass(frozen=True)
class Scene:
    """A picture and everything that is true of it. Its things are in no order that tells anything."""

    side: int
    things: tuple[Thing, ...]
    background: str
    texture: int
    """The seed of the background's texture."""

    @cached_property
    def coverage(self) -> np.ndarray:
        """How much of each pixel each thing covers where nothing nearer hides it: (things, side, side), 0 to 1."""
        seen = np.zeros((len(self.things), self.side, self.side), np.float32)
        hidden = np.zeros((self.side * SUBPIXELS,) * 2, bool)
        for index in sorted(range(len(self.things)), key=lambda i: self.things[i].distance):
            inside = _inside(self.things[index], self.side) & ~hidden
            hidden |= inside
            seen[index] = inside.reshape(self.side, SUBPIXELS, self.side, SUBPIXELS).mean(axis=(1, 3))
        return seen

    @property
    def masks(self) -> np.ndarray:
        """The pixels that each thing covers for the greater part: (things, side, side), bool."""
        return self.coverage > 0.5

    @property
    def boxes(self) -> np.ndarray:
        """Around each mask, in pixels: (things, 4), left, top, right and bottom, the last two exclusive.

        A thing that is hidden altogether has a box of zeros.
        """
        boxes = np.zeros((len(self.things), 4), np.float32)
        for index, mask in enumerate(self.masks):
            rows, columns = np.nonzero(mask)
            if len(rows):
                boxes[index] = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        return boxes

    @cached_property
    def image(self) -> np.ndarray:
        """The picture: (side, side, 3), uint8."""
        grain = np.random.default_rng(self.texture)
        coarse = grain.normal(0, TEXTURE, (max(2, self.side // 8),) * 2)
        picture = np.asarray(BACKGROUNDS[self.background], np.float64) + _enlarged(coarse, self.side)[:, :, None]
        slope = np.linspace(1 + SHADE / 2, 1 - SHADE / 2, self.side)[:, None]
        for thing, covered in zip(self.things, self.coverage, strict=True):
            colour = np.asarray(COLOURS[thing.colour], np.float64) * slope[:, :, None]
            picture += covered[:, :, None] * (colour - picture)
        picture += grain.normal(0, 3, picture.shape)
        return np.clip(np.rint(picture), 0, 255).astype(np.uint8)

    @property
    def depth(self) -> np.ndarray:
        """Metres from the viewer to what each pixel shows: (side, side), float32. The ground recedes upwards."""
        metres = np.repeat(np.linspace(2 * FAR, FAR, self.side, dtype=np.float32)[:, None], self.side, axis=1)
        for thing, mask in zip(self.things, self.masks, strict=True):
            metres[mask] = thing.distance
        return metres


def scenes(
    split: Split,
    count: int,
    seed: int | str = 0,
    *,
    side: int = 64,
    things: tuple[int, int] = (1, 1),
    overlapping: bool = False,
    perspective: bool = False,
    wanted: Callable[[Scene], bool] | None = None,
) -> list[Scene]:
    """`count` different scenes of a split, the same at every call with the same arguments.

    `things` are the fewest and the most in one scene. Without `overlapping` they stand apart. With `perspective` a
    thing's distance makes it larger or smaller, and lower things are nearer, so that depth can be seen; otherwise all
    are equally far. Scenes that are not `wanted` are drawn again.

    Raises:
        ValueError: there are not so many.
    """
    chosen: dict[tuple[Thing, ...], Scene] = {}
    for attempt in range(100 * count + 100):
        draw = Draw(split, f"shapes/{seed}/{side}/{attempt}")
        scene = _scene(draw, side, things, overlapping=overlapping, perspective=perspective)
        if scene is None or (wanted is not None and not wanted(scene)):
            continue
        chosen.setdefault(scene.things, scene)
        if len(chosen) == count:
            return list(chosen.values())
    raise ValueError(f"The world has fewer than {count} such scenes in its {split} split.")


def _scene(draw: Draw, side: int, span: tuple[int, int], *, overlapping: bool, perspective: bool) -> Scene | None:
    placed: list[Thing] = []
    for _ in range(draw.random.randint(*span)):

        def pick() -> Thing:
            return _thing(draw, perspective)

        def fits(thing: Thing) -> bool:
            apart = (math.hypot(thing.x - other.x, thing.y - other.y) for other in placed)
            room = (OVERLAP * (thing.radius + other.radius) for other in placed)
            return overlapping or all(gap >= need for gap, need in zip(apart, room, strict=True))

        for _ in range(30):
            try:
                thing = draw.together(pick, lambda thing: thing.combination)
            except NoneLeftError:
                return None
            if fits(thing):
                placed.append(thing)
                break
            draw.combinations.pop()
        else:
            return None
    return Scene(side, tuple(placed), draw.one(tuple(BACKGROUNDS)), draw.random.randrange(2**31))


def _thing(draw: Draw, perspective: bool) -> Thing:
    size = draw.one(tuple(SIZES))
    distance = NEAR + (FAR - NEAR) * draw.random.random() if perspective else NEAR
    radius = SIZES[size] * draw.random.uniform(0.92, 1.08)
    low, high = radius + 0.01, 1 - radius - 0.01
    x, y = draw.random.uniform(low, high), draw.random.uniform(low, high)
    if perspective:
        # What is near stands low and looks large; the size's name stays that of the thing itself.
        y = low + (high - low) * min(max(1 - (distance - NEAR) / (FAR - NEAR) + draw.random.gauss(0, 0.08), 0.0), 1.0)
        radius *= 1.35 - 0.2 * (distance - NEAR)
        x, y = (min(max(value, radius), 1 - radius) for value in (x, y))
    angle = draw.random.uniform(-0.3, 0.3)
    return Thing(draw.one(SHAPES), draw.one(tuple(COLOURS)), size, x, y, radius, angle, distance)


def _inside(thing: Thing, side: int) -> np.ndarray:
    """Which sub-pixels lie inside a thing: (side * SUBPIXELS, side * SUBPIXELS), bool."""
    centres = (np.arange(side * SUBPIXELS) + 0.5) / (side * SUBPIXELS)
    reach = REACH * thing.radius
    across, down = (slice(*np.searchsorted(centres, (at - reach, at + reach))) for at in (thing.x, thing.y))
    x = (centres[None, across] - thing.x) / thing.radius
    y = (centres[down, None] - thing.y) / thing.radius
    cosine, sine = math.cos(thing.angle), math.sin(thing.angle)
    inside = np.zeros((side * SUBPIXELS,) * 2, bool)
    inside[down, across] = _OUTLINES[thing.shape](cosine * x + sine * y, cosine * y - sine * x)
    return inside


def _polygon(corners: Sequence[tuple[float, float]]) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """The inside of a polygon by the even-odd rule."""

    def inside(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        result = np.zeros(np.broadcast(x, y).shape, bool)
        for (x1, y1), (x2, y2) in zip(corners, [*corners[1:], corners[0]], strict=True):
            if y1 != y2:
                result ^= ((y1 > y) != (y2 > y)) & (x < (x2 - x1) * (y - y1) / (y2 - y1) + x1)
        return result

    return inside


def _around(count: int, radii: Sequence[float]) -> list[tuple[float, float]]:
    turns = [2 * math.pi * index / count - math.pi / 2 for index in range(count)]
    return [
        (radii[index % len(radii)] * math.cos(turn), radii[index % len(radii)] * math.sin(turn))
        for index, turn in enumerate(turns)
    ]


_OUTLINES: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "circle": lambda x, y: np.hypot(x, y) < 0.95,
    "square": lambda x, y: np.maximum(abs(x), abs(y)) < 0.8,
    "triangle": _polygon(_around(3, (1.0,))),
    "star": _polygon(_around(10, (1.0, 0.42))),
    "cross": lambda x, y: (np.minimum(abs(x), abs(y)) < 0.28) & (np.maximum(abs(x), abs(y)) < 0.92),
    "ring": lambda x, y: (np.hypot(x, y) < 0.95) & (np.hypot(x, y) > 0.55),
}


def _enlarged(coarse: np.ndarray, side: int) -> np.ndarray:
    """A small square array, interpolated linearly to `side`."""
    at = np.linspace(0, len(coarse) - 1, side)
    low = np.minimum(at.astype(int), len(coarse) - 2)
    part = at - low
    along = coarse[low] * (1 - part)[:, None] + coarse[low + 1] * part[:, None]
    return np.asarray(along[:, low] * (1 - part) + along[:, low + 1] * part)
