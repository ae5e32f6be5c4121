"""Where the axes of a figure stand: margins from the sizes of the texts around them.

Matplotlib's own layout engines draw a figure once more to find these, which took two thirds of the time of a report.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

if TYPE_CHECKING:
    from matplotlib.axes import Axes

POINTS = 72
_LABEL = 17
"""From a level axis down to its label, in points: the ticks' own labels are between."""
_RIGHT, _GAP = 8.0, 14.0
"""Of panels, in points."""
_LINE = 1.35
"""Height of a line, in sizes of the font."""


@lru_cache(maxsize=4096)
def text_size(text: str, size: float = 8.5, bold: bool = False) -> tuple[float, float]:
    """Width and height of a text in points; it may have several lines."""
    font = FontProperties(family="DejaVu Sans", size=size, weight="bold" if bold else "normal")
    lines = text.split("\n")
    widths = [text_to_path.get_text_width_height_descent(line, font, ismath=False)[0] for line in lines if line]
    return max(widths, default=0.0), len(lines) * size * _LINE


def widest(texts: Iterable[str], size: float = 8) -> float:
    """The width of the widest text, in points."""
    return max((text_size(text, size)[0] for text in texts), default=0.0)


def one_panel(figure: Figure, *, left: float, bottom: float = 34, top: float = 20, right: float = 8) -> Axes:
    """One pair of axes with these margins, in points."""
    width, height = (side * POINTS for side in figure.get_size_inches())
    left = min(left, 0.6 * width)
    axes = figure.add_axes((left / width, bottom / height, (width - left - right) / width, 1 - (bottom + top) / height))
    _place_labels(axes, height - bottom - top)
    return axes


def panels(figure: Figure, lines: int, columns: int, *, left: float, above: float, bottom: float = 34) -> list[Axes]:
    """A grid of axes that share their levels: `left` of all, `above` each row for titles and the ticks of the last.

    Margins are in points.
    """
    width, height = (side * POINTS for side in figure.get_size_inches())
    left, right, gap = _left_of_panels(width, columns, left), _RIGHT, _GAP
    inner_width = panel_width(width, columns, left)
    inner_height = max(10.0, (height - bottom - lines * above) / lines)
    grid = figure.subplots(
        lines, columns, sharey=True, squeeze=False,
        gridspec_kw={
            "left": left / width, "right": 1 - right / width, "bottom": bottom / height,
            "top": 1 - above / height, "wspace": gap / inner_width, "hspace": above / inner_height,
        },
    )  # fmt: skip
    for axes in grid.flat:
        _place_labels(axes, inner_height)
    return list(grid.flat)


def panel_width(width: float, columns: int, left: float) -> float:
    """How wide each of so many panels beside each other is in a figure of that width, in points."""
    return (width - _left_of_panels(width, columns, left) - _RIGHT - (columns - 1) * _GAP) / columns


def _left_of_panels(width: float, columns: int, left: float) -> float:
    """The margin that is asked for, or as much as leaves the panels something."""
    return min(left, max(0.5 * width, width - 100 * columns))


def _place_labels(axes: Axes, height: float) -> None:
    """Say where the labels of axes of a height (in points) stand: else every tick is measured to find it."""
    axes.xaxis.set_label_coords(0.5, -_LABEL / height)
    axes.yaxis.set_label_coords(0, 0.5)  # it is never labelled


def grid_height(lines: int, inner: float, *, above: float, bottom: float = 34) -> float:
    """The height in inches of a figure that `panels` fills, each of an inner height in points."""
    return (bottom + lines * (above + inner)) / POINTS
