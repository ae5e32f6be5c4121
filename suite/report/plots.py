"""The figures of a report. Each function returns `None` where there is no data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

from suite.analysis.frames import FLOOR, records
from suite.analysis.speedup import pareto_front
from suite.report import number_format
from suite.report.figure_layout import POINTS, grid_height, one_panel, panel_width, panels, text_size, widest
from suite.report.figure_names import LONGEST_ROW, both_short, short, short_beginning
from suite.report.label_placement import Line, place_labels
from suite.report.limits import (
    MOST_DOUBLINGS,
    MOST_FIGURE_ROWS,
    MOST_LABELS,
    MOST_MARKS,
    MOST_PANELS,
    MOST_STRIPS,
    MOST_TICKS,
    spread,
)
from suite.report.style import INK, MARKERS, MUTED, PANEL, RC, backend_order, colours

NARROW, WIDE = 5.4, 10.2
_DRAWN = ["checkpoint", "backend", "status", "accuracy", "accuracy_stderr", "latency_p50_ms"]


@contextmanager
def styled() -> Iterator[None]:
    """Draw and save figures within this."""
    with mpl.rc_context(cast(Any, RC)):
        yield


def legend_columns(names: Sequence[str]) -> int:
    """How many of these names, shortened, stand beside each other over a wide figure."""
    return max(1, min(len(names), 8, int(WIDE * POINTS / (widest(map(short, names)) + 24))))


def accuracy_against_latency(cells: pd.DataFrame) -> Figure | None:
    """One capability: accuracy with its standard error against the median latency, and the Pareto front."""
    everything = with_both(cells)
    if everything.empty:
        return None
    is_front = pareto_front(everything)
    best = list(everything.index[is_front])[:MOST_MARKS]
    others = spread([index for index in everything.index if not is_front[index]], MOST_MARKS - len(best))
    data = everything.loc[sorted([*best, *others])]
    named = set(data.index) if len(data) <= MOST_LABELS else set(best[:MOST_LABELS])
    figure = Figure(figsize=(NARROW, 3.3))
    axes = one_panel(figure, left=36)
    palette = colours(cells["backend"])
    checkpoints = list(dict.fromkeys(data["checkpoint"]))
    points, labels, lines, shades = [], [], [], []
    alike: dict[tuple[str, str, bool], list[tuple[float, float]]] = {}
    for index, row in zip(data.index, records(data[_DRAWN]), strict=True):
        colour = palette[row["backend"]]
        at = (row["latency_p50_ms"], row["accuracy"])
        if (error := row["accuracy_stderr"]) > 0:
            lines.append((at[0], at[1] - error, at[0], at[1] + error))
            shades.append(colour)
        marker = MARKERS[checkpoints.index(row["checkpoint"]) % len(MARKERS)]
        alike.setdefault((marker, colour, row["status"] == "passed"), []).append(at)
        points.append(at)
        several = len(checkpoints) > 1
        label = both_short(row["backend"], row["checkpoint"]) if several else short(row["backend"])
        labels.append(label if index in named else "")
    if lines:
        x, low, _, high = zip(*lines, strict=True)
        axes.vlines(x, low, high, colors=shades, lw=1.2, alpha=0.55, zorder=2)
    for (marker, colour, is_filled), places in alike.items():
        axes.plot(
            *zip(*places, strict=True), ls="", marker=marker, ms=7, color=colour, zorder=3,
            mfc=colour if is_filled else PANEL.light, mew=1.6,
        )  # fmt: skip
    log_axis(axes, data["latency_p50_ms"].to_numpy(dtype=float), spare=1.35)
    _accuracy_axis(axes, data)
    lines += _draw_front(axes, data.loc[best].sort_values("latency_p50_ms"))
    axes.set_xlabel("median latency, ms (log scale); further left is faster")
    _quiet_title(axes, "accuracy")
    place_labels(figure, axes, points, labels, lines)
    return figure


def with_both(cells: pd.DataFrame) -> pd.DataFrame:
    """The cells that have an accuracy and a median latency."""
    return cells[(cells["backend"] != FLOOR) & cells["accuracy"].notna() & (cells["latency_p50_ms"] > 0)]


def _quiet_title(axes: Axes, title: str) -> None:
    axes.set_title(title, y=1, fontweight="normal", color=MUTED.light, fontsize=8.5)


def _draw_front(axes: Axes, front: pd.DataFrame) -> list[Line]:
    """Draw the Pareto front as a staircase; return its segments."""
    if front.empty:
        return []
    latency, accuracy = list(front["latency_p50_ms"]), list(front["accuracy"])
    x = [latency[0], *(value for value in latency for _ in "ab"), axes.get_xlim()[1]][1:]
    y = [axes.get_ylim()[0], *(value for value in accuracy for _ in "ab")]
    axes.plot(
        x, y,
        color=MUTED.light, lw=0.9, alpha=0.8, ls=(0, (4, 2)), zorder=1,
    )  # fmt: skip
    return list(zip(x, y, x[1:], y[1:], strict=False))


def _accuracy_axis(axes: Axes, data: pd.DataFrame) -> None:
    errors = data["accuracy_stderr"].fillna(0)
    low, high = float((data["accuracy"] - errors).min()), float((data["accuracy"] + errors).max())
    margin = max(0.01, 0.12 * (high - low))
    axes.set_ylim(max(-0.03, low - margin), max(min(high + margin, 1.03), low + 0.02))
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.4g}"))


def latency_distribution(samples: pd.DataFrame, backends: Sequence[str]) -> Figure | None:
    """One capability: every backend's calls as a strip, with its middle half, median, 90th and 99th percentile."""
    data = samples[(samples["backend"] != FLOOR) & (samples["latency_ms"] > 0)]
    if data.empty:
        return None
    several = data["checkpoint"].nunique() > 1
    order = {backend: place for place, backend in enumerate(backend_order(backends))}
    rows = timed_rows(data)
    rows = sorted(spread(rows, MOST_STRIPS), key=lambda key: (key[0], order[key[1]]))
    shown = data[data["checkpoint"].isin({checkpoint for checkpoint, _ in rows})]
    by_row = dict(list(shown.groupby(["checkpoint", "backend"], sort=False)["latency_ms"]))
    palette = colours(backends)
    names = [both_short(b, c) if several else short(b) for c, b in rows]
    figure = Figure(figsize=(NARROW, max(2.2, (56 + 24 * len(rows)) / POINTS)))
    axes = one_panel(figure, left=widest(names) + 8)
    summaries = []
    for y, (checkpoint, backend) in enumerate(rows):
        calls = by_row[checkpoint, backend].to_numpy(dtype=float)
        low, middle, high, p90, p99 = np.quantile(calls, [0.25, 0.5, 0.75, 0.9, 0.99])
        colour = palette[backend]
        ticks = np.quantile(calls, np.linspace(0, 1, min(len(calls), MOST_TICKS)))
        # One line with gaps: a hundred single marks would be a hundred elements of the page.
        axes.plot(
            np.repeat(ticks, 3), np.tile([y - 0.3, y + 0.3, np.nan], len(ticks)), color=colour, alpha=0.35, lw=0.8
        )
        summaries.append((low, middle, high, p90, p99))
    levels, shades = np.arange(len(rows)), [palette[backend] for _, backend in rows]
    low, middle, high, p90, p99 = np.array(summaries).T
    axes.hlines(levels, low, high, colors=shades, lw=6, alpha=0.55)
    axes.hlines(levels, high, p99, colors=shades, lw=1.1)
    for ends in (p90, p99):
        axes.vlines(ends, levels - 0.13, levels + 0.13, colors=shades, lw=1.3)
    axes.scatter(middle, levels, s=30, facecolors=PANEL.light, edgecolors=shades, lw=1.8, zorder=3)
    axes.set_yticks(range(len(rows)), names, color=INK.light)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.grid(False, axis="y")
    log_axis(axes, data["latency_ms"].to_numpy(dtype=float), spare=1.1)
    axes.set_xlabel("latency per call, ms (log scale)")
    _quiet_title(axes, "latency per call")
    return figure


def timed_rows(samples: pd.DataFrame) -> list[tuple[str, str]]:
    """The (checkpoint, backend) of which calls were timed."""
    timed = samples[(samples["backend"] != FLOOR) & (samples["latency_ms"] > 0)]
    pairs = timed[["checkpoint", "backend"]].drop_duplicates()
    return [(str(c), str(b)) for c, b in pairs.itertuples(index=False)]


def speedup(table: pd.DataFrame, title: str = "faster than eager") -> Figure | None:
    """A panel per backend, a row per capability: how many times faster, with its interval."""
    data = table[table["speedup"].notna()]
    if data.empty:
        return None
    backends = backend_order(data["backend"])[:MOST_PANELS]
    names = _row_names(data)
    rows = spread(list(dict.fromkeys(names.values())), MOST_FIGURE_ROWS)
    data = data[np.array([name in rows for name in _names_of(names, data)], bool) & data["backend"].isin(backends)]
    palette = colours(backends)
    figure, grid = _panels([short(name) for name in backends], rows)
    ends = np.log2(np.concatenate([data[c].dropna().to_numpy(dtype=float) for c in ("speedup", "low", "high")]))
    limits = (max(ends.min(), -MOST_DOUBLINGS) - 0.25, min(max(ends.max(), 0), MOST_DOUBLINGS) + 0.25)
    limits = (min(limits[0], -0.5), max(limits[1], 0.5))
    room = 0.2 * (limits[1] - limits[0])
    for axes, backend in zip(grid, backends, strict=False):
        axes.axvline(0, color=MUTED.light, lw=1)
        mine = data[data["backend"] == backend]
        levels = np.array([rows.index(name) for name in _names_of(names, mine)])
        middle, low, high = (np.log2(mine[column].to_numpy(dtype=float)) for column in ("speedup", "low", "high"))
        has_interval = ~np.isnan(low)
        axes.hlines(
            levels[has_interval], low[has_interval], high[has_interval], color=palette[backend], lw=2.2, alpha=0.5,
        )  # fmt: skip
        axes.plot(middle, levels, "o", ms=6, color=palette[backend])
        for y, ratio in zip(levels, mine["speedup"], strict=True):
            axes.text(
                1, y, number_format.times(ratio), transform=axes.get_yaxis_transform(), ha="right", va="center",
                fontsize=8, color=INK.light,
            )  # fmt: skip
        axes.set_title(short(backend), y=1)
        axes.set_xlim(limits[0], limits[1] + room)
        _row_axis(axes, rows, _is_first(axes))
        axes.xaxis.set_major_locator(FixedLocator(_ratio_ticks(*limits)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _ratio(2.0**value)))
    _hide_unused(grid, len(backends))
    _level_label(figure, f"times {title} (log scale); right of the line is faster")
    return figure


def costs(cells: pd.DataFrame, column: str, label: str) -> Figure | None:
    """A row per checkpoint, a mark per backend; the floor, where it was measured, as a short upright line."""
    data = cells.loc[cells[column] > 0, ["capability", "checkpoint", "backend", column]]
    if (data["backend"] == FLOOR).all():
        return None
    names = _row_names(data)
    rows = spread(list(dict.fromkeys(names.values())), MOST_FIGURE_ROWS)
    data = data.assign(name=_names_of(names, data))
    data = data[data["name"].isin(rows)]
    backends = backend_order(data["backend"])[:MOST_PANELS]
    palette = colours(cells["backend"])
    texts = [row.replace("\n", " ") for row in rows]
    columns = legend_columns(backends)
    above = 12 + 14 * -(-len(backends) // columns)
    figure = Figure(figsize=(WIDE, max(1.6, (54 + above + 17 * len(rows)) / POINTS)))
    axes = one_panel(figure, left=widest(texts) + 8, top=above)
    for place, backend in enumerate(backends):
        mine = data[data["backend"] == backend]
        # Backends beside each other in a row: those that cost the same would hide one another.
        levels = mine["name"].map(rows.index).to_numpy(dtype=float) + 0.7 * ((place + 0.5) / len(backends) - 0.5)
        mark = "|" if backend == FLOOR else MARKERS[place % len(MARKERS)]
        axes.plot(mine[column].to_numpy(dtype=float), levels, ls="", marker=mark, ms=4.5, color=palette[backend],
                  label=short(backend))  # fmt: skip
    axes.set_yticks(range(len(rows)), texts, color=INK.light)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    log_axis(axes, data[column].to_numpy(dtype=float), spare=1.15)
    axes.set_xlabel(f"{label} (log scale)")
    axes.legend(
        loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=columns, frameon=False, fontsize=8,
        borderpad=0, borderaxespad=0.3, handletextpad=0.1, columnspacing=1.2,
    )  # fmt: skip
    return figure


def run_medians(cells: pd.DataFrame, letters: dict[str, str]) -> Figure | None:
    """Several runs of one capability: the median latency of every run, a row per backend, a shape per group."""
    data = cells[(cells["backend"] != FLOOR) & (cells["latency_p50_ms"] > 0)]
    if data.empty:
        return None
    backends = backend_order(data["backend"])
    palette = colours(backends)
    several = data["checkpoint"].nunique() > 1
    rows = [(c, b) for c in dict.fromkeys(data["checkpoint"]) for b in backends]
    present = set(zip(data["checkpoint"], data["backend"], strict=True))
    rows = spread([row for row in rows if row in present], MOST_FIGURE_ROWS)
    names = [both_short(b, c) if several else short(b) for c, b in rows]
    groups = list(dict.fromkeys(letters.values()))
    figure = Figure(figsize=(NARROW, max(2.2, 0.7 + 0.36 * len(rows))))
    axes = one_panel(figure, left=widest(names) + 8)
    is_shown = [pair in rows for pair in zip(data["checkpoint"], data["backend"], strict=True)]
    for row in records(data.loc[is_shown, ["run", "checkpoint", "backend", "latency_p50_ms"]]):
        group = groups.index(letters[row["run"]])
        y = rows.index((row["checkpoint"], row["backend"])) + 0.22 * (group - (len(groups) - 1) / 2)
        colour = palette[row["backend"]]
        axes.plot(
            row["latency_p50_ms"], y, MARKERS[group % len(MARKERS)], ms=6, color=colour, mew=1.4,
            mfc=PANEL.light if group else colour,
        )  # fmt: skip
    axes.set_yticks(range(len(rows)), names, color=INK.light)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.grid(False, axis="y")
    log_axis(axes, data["latency_p50_ms"].to_numpy(dtype=float), spare=1.15)
    axes.set_xlabel("median latency of a run, ms (log scale)")
    shapes = {"o": "filled circle", "s": "square", "^": "triangle", "D": "diamond"}
    key = " · ".join(f"{letter}: {shapes.get(MARKERS[i % len(MARKERS)], 'other')}" for i, letter in enumerate(groups))
    _quiet_title(axes, key)
    return figure


def _row_names(table: pd.DataFrame) -> dict[tuple[str, str], str]:
    """The label of each (capability, checkpoint): with the checkpoint only where a capability has several."""
    pairs = [(str(c), str(m)) for c, m in table[["capability", "checkpoint"]].drop_duplicates().itertuples(index=False)]
    times = Counter(capability for capability, _ in pairs)
    return {
        (capability, checkpoint): (
            f"{short_beginning(capability, LONGEST_ROW)}\n{short(checkpoint)}"
            if times[capability] > 1
            else short_beginning(capability, LONGEST_ROW)
        )
        for capability, checkpoint in pairs
    }


def _names_of(names: Mapping[tuple[str, str], str], table: pd.DataFrame) -> list[str]:
    return [names[pair] for pair in zip(table["capability"], table["checkpoint"], strict=True)]


def _panels(titles: Sequence[str], rows: Sequence[str]) -> tuple[Figure, list[Axes]]:
    """A panel for each title, with the same rows in each; fewer beside each other where titles are long."""
    count = len(titles)
    columns = count if count <= 4 else min((4, 3), key=lambda columns: -count % columns)
    left = widest(name.replace("\n", " ") for name in rows) + 8
    sizes = [text_size(title, 9, bold=True) for title in titles]

    def width(columns: int) -> float:
        return min(WIDE * POINTS, max(158.0, left) + 216 * columns)

    while columns > 1 and panel_width(width(columns), columns, left) < max(size[0] for size in sizes):
        columns -= 1
    lines = -(-count // columns)
    above = 24 + max(size[1] for size in sizes)
    height = grid_height(lines, 8 + 16.5 * max(len(rows), 2), above=above)
    figure = Figure(figsize=(width(columns) / POINTS, height))
    return figure, panels(figure, lines, columns, left=left, above=above)


def _level_label(figure: Figure, text: str) -> None:
    """What all panels of a figure share along their level axes, below them."""
    height = figure.get_size_inches()[1] * POINTS
    figure.text(0.5, 5 / height, text, ha="center", va="bottom", color=MUTED.light, fontsize=8.5)


def _hide_unused(grid: list[Axes], used: int) -> None:
    for axes in grid[used:]:
        axes.set_visible(False)


def _is_first(axes: Axes) -> bool:
    """Whether a panel is the first of its line."""
    place = axes.get_subplotspec()
    return place is not None and place.is_first_col()


def _row_axis(axes: Axes, names: Sequence[str], is_first: bool) -> None:
    """The rows that panels share: named by the first of a line alone, and drawn there alone, since ticks are slow."""
    axes.yaxis.set_visible(is_first)
    if is_first:
        axes.set_yticks(range(len(names)), [name.replace("\n", " ") for name in names], color=INK.light)
        axes.set_ylim(len(names) - 0.4, -0.6)
        axes.grid(False, axis="y")


def _ratio_ticks(low: float, high: float) -> list[float]:
    """Ticks between two powers of two, as exponents: whole ones, or round ratios where there are too few of those."""
    if high - low < 2:
        return [
            exponent for ratio in (0.5, 0.67, 0.8, 1, 1.25, 1.5, 2, 3) if low <= (exponent := np.log2(ratio)) <= high
        ]
    step = max(1, round((high - low) / 5))
    return list(np.arange(step * np.ceil(low / step), high + 1e-9, step))


def _ratio(value: float) -> str:
    whole = 1 / value
    return (
        f"1/{whole:g}{number_format.TIMES}"
        if value < 1 and whole == round(whole)
        else f"{value:.3g}{number_format.TIMES}"
    )


def log_axis(axes: Axes, values: np.ndarray, spare: float) -> None:
    """A logarithmic level axis for some values, with round ticks and room at both ends."""
    low, high = values.min() / spare, values.max() * spare
    if high / low < 3:
        middle = np.sqrt(low * high)
        low, high = min(low, middle / 1.8), max(high, middle * 1.8)
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    decades = np.log10(high / low)
    steps = (1, 2, 5) if decades < 2.5 else (1,)
    axes.xaxis.set_major_locator(LogLocator(subs=steps, numticks=20))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_minor_formatter(NullFormatter())
