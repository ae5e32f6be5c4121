"""Puts labels beside their points so that they cover neither each other nor a point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.transforms import Bbox

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_GAP = 6.0
_DIRECTIONS = [
    (1, 0, "left", "center"), (-1, 0, "right", "center"), (0, 1, "center", "bottom"), (0, -1, "center", "top"),
    (1, 1, "left", "bottom"), (1, -1, "left", "top"), (-1, 1, "right", "bottom"), (-1, -1, "right", "top"),
]  # fmt: skip


def place_labels(figure: Figure, axes: Axes, points: Sequence[tuple[float, float]], labels: Sequence[str]) -> None:
    """Annotate each point with its label at the first free place around it, further out where it is crowded."""
    canvas = FigureCanvasAgg(figure)
    figure.draw_without_rendering()
    renderer = canvas.get_renderer()
    bounds = axes.get_window_extent(renderer)
    scale = figure.dpi / 72
    pixels = [tuple(axes.transData.transform(point)) for point in points]
    taken = [Bbox.from_bounds(x - 4 * scale, y - 4 * scale, 8 * scale, 8 * scale) for x, y in pixels]
    for own, (point, label) in enumerate(zip(points, labels, strict=True)):
        candidates = []
        for reach in (1.0, 1.9, 3.0, 4.2, 5.4):
            for turn, (right, up, horizontal, vertical) in enumerate(_DIRECTIONS):
                offset = (right * _GAP * reach, up * _GAP * reach)
                text = axes.annotate(
                    label, point, offset, textcoords="offset points", ha=horizontal, va=vertical, fontsize=8
                )
                box = text.get_window_extent(renderer)
                text.remove()
                overlaps = sum(box.overlaps(other) for index, other in enumerate(taken) if index != own)
                outside = not (bounds.x0 <= box.x0 and box.x1 <= bounds.x1 + 4 * scale and bounds.y0 <= box.y0
                               and box.y1 <= bounds.y1)  # fmt: skip
                candidates.append((overlaps + 3 * outside, reach, turn, offset, horizontal, vertical, box))
            if candidates and min(candidates, key=lambda c: c[:3])[0] == 0:
                break
        _, reach, _, offset, horizontal, vertical, box = min(candidates, key=lambda c: c[:3])
        arrow = {"arrowstyle": "-", "lw": 0.6, "color": "#b9c0c9", "shrinkA": 0, "shrinkB": 3} if reach > 1.9 else None
        axes.annotate(
            label, point, offset, textcoords="offset points", ha=horizontal, va=vertical, fontsize=8, arrowprops=arrow
        )
        taken.append(box)
