"""Labels beside their points, placed so that they cover no point, no other label and, where possible, no line.

By hand since adjustText 1.4 left labels on their own markers in figures this small, and took three times as long.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from suite.report.figure_layout import text_size
from suite.report.style import INK, RULE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Line = tuple[float, float, float, float]
"""A level or upright line from (x, y) to (x, y), in data coordinates."""
Box = tuple[float, float, float, float]
"""Left, bottom, right and top, in pixels."""

_SIZE = 8
_DIRECTIONS = (
    (1, 1, "left", "bottom"), (-1, 1, "right", "bottom"), (1, -1, "left", "top"), (-1, -1, "right", "top"),
    (1, 0, "left", "center"), (-1, 0, "right", "center"), (0, 1, "center", "bottom"), (0, -1, "center", "top"),
)  # fmt: skip
_BEFORE = {"left": 0.0, "center": 0.5, "right": 1.0, "bottom": 0.0, "top": 1.0}
"""The share of a label that lies before its place, by how it is aligned."""
_REACHES = (1.0, 2.0, 3.2, 4.6, 6.0)


def place_labels(
    figure: Figure, axes: Axes, points: Sequence[tuple[float, float]], labels: Sequence[str], lines: Sequence[Line], *,
    colours: Sequence[str] | None = None,
) -> None:  # fmt: skip
    """Annotate each point with its label at the best place around it, further out where it is crowded.

    A point whose label is empty is one to keep clear of, and no more.
    """
    if figure.get_layout_engine() is not None:
        figure.draw_without_rendering()
        figure.set_layout_engine("none")  # else the labels would move the points that they were placed around
    axes.get_xlim(), axes.get_ylim()  # limits are found when they are asked for, and the transform does not ask
    inside = axes.bbox.padded(3).extents
    scale = figure.dpi / 72
    centres = [axes.transData.transform(point) for point in points]
    dots = [(x - 4 * scale, y - 4 * scale, x + 4 * scale, y + 4 * scale) for x, y in centres]
    strokes = [_box(axes.transData.transform([line[:2], line[2:]])) for line in lines]
    placed: list[Box] = []

    def cost(box: Box, reach: float, own: int) -> float:
        covered = sum(_overlap(box, other) for other in placed)
        covered += sum(_overlap(box, dot) for index, dot in enumerate(dots) if index != own)
        outside = box[0] < inside[0] or box[2] > inside[2] or box[1] < inside[1] or box[3] > inside[3]
        return 4 * covered + 100 * outside + sum(_overlap(box, stroke) for stroke in strokes) + 0.4 * (reach - 1)

    for own, (point, label) in enumerate(zip(points, labels, strict=True)):
        if not label:
            continue
        best = (float("inf"), 1.0, (0.0, 0.0), "left", "center", dots[own])
        width, height = (side * scale for side in text_size(label, _SIZE))
        for reach in _REACHES:
            if best[0] < 1:
                break
            for right, up, horizontal, vertical in _DIRECTIONS:
                gap = 4.5 if right and up else 6.5
                offset = (right * gap * reach, up * gap * reach)
                x, y = (centre + move * scale for centre, move in zip(centres[own], offset, strict=True))
                x, y = x - _BEFORE[horizontal] * width, y - _BEFORE[vertical] * height
                box = (x, y, x + width, y + height)
                penalty = cost(box, reach, own)
                if penalty < best[0]:
                    best = (penalty, reach, offset, horizontal, vertical, box)
        _, reach, offset, horizontal, vertical, box = best
        pointer = {"arrowstyle": "-", "lw": 0.7, "color": RULE.light, "shrinkA": 0, "shrinkB": 4} if reach > 1 else None
        axes.annotate(
            label, point, offset, textcoords="offset points", ha=horizontal, va=vertical, fontsize=_SIZE,
            arrowprops=pointer, color=colours[own] if colours else INK.light,
        )  # fmt: skip
        placed.append(box)


def _box(ends: Any) -> Box:
    """What a line covers, with half a pixel around it."""
    (x0, y0), (x1, y1) = ends
    return min(x0, x1) - 0.5, min(y0, y1) - 0.5, max(x0, x1) + 0.5, max(y0, y1) + 0.5


def _overlap(one: Box, other: Box) -> bool:
    return one[0] <= other[2] and other[0] <= one[2] and one[1] <= other[3] and other[1] <= one[3]
