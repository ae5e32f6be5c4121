"""The figures of models side by side: what they reach against what they cost, and which labels they confuse."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import shorten

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from suite.analysis.answers_compared import OTHERS, Confusion
from suite.analysis.models_compared import Comparison, Measured
from suite.report import number_format
from suite.report.figure_layout import POINTS, text_size, widest
from suite.report.figure_names import short
from suite.report.label_placement import Line, place_labels
from suite.report.limits import MOST_LABELS, MOST_MODEL_MARKS, spread
from suite.report.plots import WIDE, legend_columns, log_axis
from suite.report.style import INK, MARKERS, MUTED, PANEL, backend_order, model_colours

MOST_PANELS = 12
LONGEST_LABEL = 18
LEVEL = 62.0
"""Points of each of two labels that stand beside each other."""
LARGEST_CELLS = 8
"""Labels up to which every number of a confusion matrix is written into it."""


def accuracy_against_costs(comparison: Comparison) -> Figure | None:
    """Accuracy with its 95 % interval against latency and against memory: a colour a model, a mark a backend."""
    shown = spread([one for one in comparison.measured if one.accuracy is not None], MOST_MODEL_MARKS)
    panels = [
        (label, [(one, value) for one in shown if (value := getattr(one, cost)) is not None and value > 0])
        for cost, label in (
            ("latency", "median latency, ms (log scale); further left is faster"),
            ("memory", "largest memory, MB (log scale); further left is smaller"),
        )
    ]
    panels = [(label, points) for label, points in panels if points]
    if not panels:
        return None
    figure = Figure(figsize=(WIDE if len(panels) > 1 else WIDE / 2, 3.9), layout="constrained")
    grid = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    palette = model_colours(comparison.models)
    backends = [name for name in backend_order(comparison.backends) if any(one.backend == name for one in shown)]
    marks = {name: MARKERS[index % len(MARKERS)] for index, name in enumerate(backends)}
    placed = []
    for axes, (label, points) in zip(grid, panels, strict=True):
        placed.append((axes, *_draw(axes, points, palette, marks)))
        axes.set_xlabel(label)
    grid[0].set_ylabel("accuracy, 95 % interval")
    low, high = _ends(shown)
    margin = max(0.01, 0.08 * (high - low))
    grid[0].set_ylim(max(-0.03, low - margin), min(1.03, high + margin))
    if len(backends) > 1:
        handles = [
            Line2D([], [], ls="", marker=marks[name], color=MUTED.light, ms=7, label=short(name)) for name in backends
        ]
        figure.legend(
            handles=handles, loc="outside lower center", ncols=legend_columns(backends), frameon=False, fontsize=8
        )
    for axes, points_at, labels, lines, colours in placed:
        place_labels(figure, axes, points_at, labels, lines, colours=colours)
    return figure


def _draw(
    axes: Axes, points: Sequence[tuple[Measured, float]], palette: dict[str, str], marks: dict[str, str]
) -> tuple[list[tuple[float, float]], list[str], list[Line], list[str]]:
    """Draw the points of one panel; return their places, labels (a model's name once), lines to avoid, and colours."""
    places, labels, lines = [], [], []
    named: set[str] = set()
    most = MOST_LABELS if len(points) <= 2 * MOST_LABELS else MOST_LABELS // 3  # in a crowd, labels cover each other
    for one, cost in points:
        assert one.accuracy is not None
        colour = palette[one.model]
        if one.low is not None and one.high is not None:
            axes.plot([cost, cost], [one.low, one.high], color=colour, lw=1.3, alpha=0.5, zorder=2)
            lines.append((cost, one.low, cost, one.high))
        face = colour if one.status == "passed" else PANEL.light
        axes.plot(cost, one.accuracy, marks[one.backend], ms=8, color=colour, mfc=face, mew=1.6, zorder=3)
        places.append((cost, one.accuracy))
        labels.append("" if one.model in named or len(named) >= most else short(one.model))
        named.add(one.model)
    log_axis(axes, np.array([cost for _, cost in points]), spare=1.35)
    return places, labels, lines, [palette[one.model] for one, _ in points]


def _ends(shown: Sequence[Measured]) -> tuple[float, float]:
    values = [value for one in shown for value in (one.accuracy, one.low, one.high) if value is not None]
    return min(values), max(values)


def confusion(matrices: Sequence[Confusion]) -> Figure | None:
    """A panel a model: the share of each truth's samples (a row) that was answered with each label (a column)."""
    if not matrices:
        return None
    shown = matrices[:MOST_PANELS]
    labels = shown[0].labels
    names = [_short_label(label) for label in labels]
    side = min(max(1.9, 0.34 * len(labels) + 0.9), WIDE / 2 - 0.8)
    # A panel is as wide as its title, where that is long: titles that met would leave the matrices no room at all.
    across = max(side, max(text_size(short(matrix.model), 9, bold=True)[0] for matrix in shown) / POINTS + 0.15)
    columns = max(1, min(len(shown), int((WIDE - 0.6) // (across + 0.1))))
    lines = -(-len(shown) // columns)
    width, height = min(WIDE, columns * across + 1.5), lines * (side + 0.5) + 0.5
    figure = Figure(figsize=(width, height), layout="constrained")
    grid = list(figure.subplots(lines, columns, sharey=True, squeeze=False).flat)
    for axes, matrix in zip(grid, shown, strict=False):
        _draw_matrix(axes, matrix, names)
    for axes in grid[len(shown) :]:
        axes.set_visible(False)
    figure.supxlabel("answered", color=MUTED.light, fontsize=8.5)
    figure.supylabel("true", color=MUTED.light, fontsize=8.5)
    return figure


def _short_label(label: str) -> str:
    """A label as a matrix has room for it: its first words, or the beginning of a long one."""
    words = " ".join(label.split()) or number_format.MISSING
    kept = shorten(words, LONGEST_LABEL, placeholder="…")
    return f"{words[: LONGEST_LABEL - 1]}…" if kept == "…" and words != kept else kept


def _draw_matrix(axes: Axes, matrix: Confusion, names: Sequence[str]) -> None:
    """Squares whose size is the share: they need no colour scale, and are as plain on a dark page as on paper."""
    size = len(names)
    totals = matrix.counts.sum(axis=1, keepdims=True)
    shares = matrix.counts / np.maximum(totals, 1)
    for row in range(size):
        for column in range(size):
            number, share = int(matrix.counts[row, column]), float(shares[row, column])
            colour = WRONG if row != column else MUTED.light if matrix.labels[row] == OTHERS else RIGHT
            if number:
                half = 0.46 * share**0.5
                axes.fill(
                    [column - half, column + half, column + half, column - half],
                    [row - half, row - half, row + half, row + half],
                    color=colour, alpha=0.55, lw=0,
                )  # fmt: skip
            if number and size <= LARGEST_CELLS:
                axes.text(column, row, f"{number:,}", ha="center", va="center", fontsize=8, color=INK.light)
    axes.set_xlim(-0.5, size - 0.5)
    axes.set_ylim(size - 0.5, -0.5)
    axes.set_aspect("equal")
    is_level = size <= 2 and widest(names) < LEVEL
    axes.set_xticks(range(size), names, rotation=0 if is_level else 60, ha="center" if is_level else "right")
    if not is_level:
        for label in axes.get_xticklabels():
            label.set_rotation_mode("anchor")
    axes.set_yticks(range(size), names, color=INK.light)
    axes.set_xticks(np.arange(-0.5, size), minor=True)
    axes.set_yticks(np.arange(-0.5, size), minor=True)
    axes.grid(False, which="major")
    axes.grid(True, which="minor")
    axes.set_title(short(matrix.model))


RIGHT, WRONG = "#008a64", "#c94f00"
"""Two of the backends' colours, which are slots of the page's theme."""
