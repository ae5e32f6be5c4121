"""Labels beside their points, placed so that they cover no point, no other label and, where possible, no line.

By hand since adjustText 1.4 left labels on their own markers in figures this small, and took three times as long.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.transforms import Bbox

from suite.report.style import INK, RULE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Line = tuple[float, float, float, float]
"""A level or upright line from (x, y) to (x, y), in data coordinates."""

_SIZE = 8
_DIRECTIONS = (
    (1, 1, "left", "bottom"), (-1, 1, "right", "bottom"), (1, -1, "left", "top"), (-1, -1, "right", "top"),
    (1, 0, "left", "center"), (-1, 0, "right", "center"), (0, 1, "center", "bottom"), (0, -1, "center", "top"),
)  # fmt: skip
_REACHES = (1.0, 2.0, 3.2, 4.6, 6.0)


def place_labels(
    figure: Figure, axes: Axes, points: Sequence[tuple[float, float]], labels: Sequence[str], lines: Sequence[Line], *,
    colours: Sequence[str] | None = None,
) -> None:  # fmt: skip
    """Annotate each point with its label at the best place around it, further out where it is crowded.

    A point whose label is empty is one to keep clear of, and no more.
    """
    canvas = FigureCanvasAgg(figure)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # else the labels would move the points that they were placed around
    renderer = canvas.get_renderer()
    inside = axes.get_window_extent(renderer).padded(3)
    scale = figure.dpi / 72
    centres = [axes.transData.transform(point) for point in points]
    dots = [Bbox.from_bounds(x - 4 * scale, y - 4 * scale, 8 * scale, 8 * scale) for x, y in centres]
    strokes = [Bbox(axes.transData.transform([line[:2], line[2:]])).padded(0.5) for line in lines]
    placed: list[Bbox] = []

    def cost(box: Bbox, reach: float, own: int) -> float:
        covered = sum(box.overlaps(other) for other in placed)
        covered += sum(box.overlaps(dot) for index, dot in enumerate(dots) if index != own)
        outside = box.x0 < inside.x0 or box.x1 > inside.x1 or box.y0 < inside.y0 or box.y1 > inside.y1
        return 4 * covered + 8 * outside + sum(box.overlaps(stroke) for stroke in strokes) + 0.4 * (reach - 1)

    for own, (point, label) in enumerate(zip(points, labels, strict=True)):
        if not label:
            continue
        best = (float("inf"), 1.0, (0.0, 0.0), "left", "center", dots[own])
        probe = axes.annotate(label, point, (0, 0), textcoords="offset points", fontsize=_SIZE)
        for reach in _REACHES:
            if best[0] < 1:
                break
            for right, up, horizontal, vertical in _DIRECTIONS:
                gap = 4.5 if right and up else 6.5
                offset = (right * gap * reach, up * gap * reach)
                probe.set(ha=horizontal, va=vertical)
                probe.xyann = offset
                box = probe.get_window_extent(renderer)
                penalty = cost(box, reach, own)
                if penalty < best[0]:
                    best = (penalty, reach, offset, horizontal, vertical, box)
        probe.remove()
        _, reach, offset, horizontal, vertical, box = best
        pointer = {"arrowstyle": "-", "lw": 0.7, "color": RULE.light, "shrinkA": 0, "shrinkB": 4} if reach > 1 else None
        axes.annotate(
            label, point, offset, textcoords="offset points", ha=horizontal, va=vertical, fontsize=_SIZE,
            arrowprops=pointer, color=colours[own] if colours else INK.light,
        )  # fmt: skip
        placed.append(box)
