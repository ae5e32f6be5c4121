"""The losses of trainings, step by step: a figure for each capability that trains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from suite.report import number_format
from suite.report.figure_layout import one_panel
from suite.report.figure_names import both_short, short
from suite.report.limits import left_out
from suite.report.style import MUTED, backend_order, colours

NARROW, HEIGHT = 5.4, 3.3
SMOOTHED = 11
"""Steps whose median is the thick line."""
MOST_POINTS = 400
"""Points of a line: a figure has no room for more."""
MOST_CURVES = 12


@dataclass(frozen=True)
class Curve:
    """The loss at each step of one cell's training."""

    checkpoint: str
    backend: str
    losses: Sequence[float]


def loss_curves(curves: Sequence[Curve], backends: Sequence[str]) -> Figure | None:
    """Loss against the step: every step thin, the running median thick. `backends` are all of the report's, for the
    colours; of many curves the first are drawn.
    """
    drawn = [curve for curve in _ordered(curves) if len(curve.losses) > 1 and np.isfinite(curve.losses).all()]
    drawn = drawn[:MOST_CURVES]
    if not drawn:
        return None
    palette = colours(backends)
    several = len({curve.checkpoint for curve in drawn}) > 1
    figure = Figure(figsize=(NARROW, HEIGHT))
    axes = one_panel(figure, left=36)
    for curve in drawn:
        steps, losses = thinned(np.arange(1, len(curve.losses) + 1), np.asarray(curve.losses, float))
        _, smooth = thinned(np.arange(1, len(curve.losses) + 1), running_median(curve.losses))
        colour = palette[curve.backend]
        label = both_short(curve.backend, curve.checkpoint) if several else short(curve.backend)
        axes.plot(steps, losses, color=colour, linewidth=0.5, alpha=0.35)
        axes.plot(steps, smooth, color=colour, linewidth=1.6, label=label)
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.set_title("training loss, nats", color=MUTED.light, fontweight="normal")
    axes.set_xlabel("step")
    axes.legend(frameon=False, fontsize=8, loc="upper right", ncols=2 if len(drawn) > 4 else 1)
    return figure


def described(curves: Sequence[Curve]) -> str:
    """The same in words."""
    ends = [
        f"{curve.backend} of {curve.checkpoint} {number_format.significant(curve.losses[0])} to "
        f"{number_format.significant(curve.losses[-1])}"
        for curve in _ordered(curves)[:MOST_CURVES]
        if curve.losses
    ]
    return f"Training loss from the first step to the last, in nats: {', '.join(ends)}."


def caption(curves: Sequence[Curve]) -> str:
    """What the lines are, and how many trainings are left out."""
    return (
        f"Thin: each step; thick: the median of {SMOOTHED} steps. "
        f"{left_out(min(len(curves), MOST_CURVES), len(curves), 'trainings')}"
    )


def running_median(losses: Sequence[float]) -> np.ndarray:
    """The median of each step and those around it; of fewer at the ends."""
    values, half = np.asarray(losses, float), SMOOTHED // 2
    return np.array([np.median(values[max(0, step - half) : step + half + 1]) for step in range(len(values))])


def thinned(steps: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """At most so many points as a line has room for, the first and the last among them."""
    places = np.unique(np.linspace(0, len(values) - 1, min(len(values), MOST_POINTS)).round().astype(int))
    return steps[places], values[places]


def by_capability(cells: Sequence[Mapping[str, str]], losses: Mapping[str, Sequence[float]]) -> dict[str, list[Curve]]:
    """The curves of each capability's cells."""
    found: dict[str, list[Curve]] = {}
    for cell in cells:
        if cell["cell"] in losses:
            curve = Curve(str(cell["checkpoint"]), str(cell["backend"]), losses[cell["cell"]])
            found.setdefault(str(cell["capability"]), []).append(curve)
    return found


def _ordered(curves: Sequence[Curve]) -> list[Curve]:
    rank = {name: place for place, name in enumerate(backend_order(curve.backend for curve in curves))}
    return sorted(curves, key=lambda curve: (curve.checkpoint, rank[curve.backend]))
