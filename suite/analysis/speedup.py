"""Speed-up over the reference, and which cells no other cell beats.

Within a run the cycle is the unit: each cycle of interleaved rounds gives every backend one median, taken within
seconds of the others', so their ratio is free of slow drift. Between runs, see `suite.analysis.between_runs`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from suite.analysis.frames import FLOOR, REFERENCE

CONFIDENCE = 0.95
RESAMPLES = 4999
SEED = 0

SPEEDUP_COLUMNS = (
    "run", "cell", "capability", "checkpoint", "backend", "speedup", "low", "high", "cycles", "p", "p_adjusted",
)  # fmt: skip


def round_medians(samples: pd.DataFrame) -> pd.DataFrame:
    """The median latency of every round, with the reference's beside it: one row per (run, cell, cycle)."""
    keys = ["run", "capability", "checkpoint", "backend", "cell", "cycle"]
    grouped = samples.dropna(subset=["latency_ms"]).groupby(keys, sort=False)
    return grouped.agg(latency_ms=("latency_ms", "median"), reference_ms=("reference_ms", "first")).reset_index()


def speedups(samples: pd.DataFrame) -> pd.DataFrame:
    """How many times faster than the reference each cell is: median of the ratios per cycle.

    `low` and `high` bound the 95 % bootstrap interval over cycles; `p` is Wilcoxon's signed-rank test of "no
    difference", `p_adjusted` the same after Benjamini and Hochberg over all cells. Both are NaN for a single cycle.
    A cell beside which the reference was not measured, as when `--resume` measured it alone, has no row.
    """
    rounds = round_medians(samples)
    paired = _paired(rounds[rounds["latency_ms"] > 0])
    paired["ratio"] = paired["reference_ms"] / paired["latency_ms"]
    keys = ["run", "cell", "capability", "checkpoint", "backend"]
    codes = paired.groupby(keys, sort=False).ngroup().to_numpy()
    cycles = np.bincount(codes)
    ratios = np.split(paired["ratio"].to_numpy(dtype=float)[np.argsort(codes, kind="stable")], np.cumsum(cycles)[:-1])
    middles, lows, highs, p_values = (np.full(len(cycles), np.nan) for _ in range(4))
    for number in np.unique(cycles):
        places = np.flatnonzero(cycles == number)
        table = np.stack([ratios[place] for place in places])
        middles[places] = np.median(table, axis=1)
        if number > 1:
            lows[places], highs[places] = _intervals(table)
            p_values[places] = _p_values(table)
    found = paired[keys].drop_duplicates().reset_index(drop=True)
    found = found.assign(
        speedup=middles, low=lows, high=highs, cycles=cycles, p=p_values, p_adjusted=adjusted(p_values)
    )
    return found[list(SPEEDUP_COLUMNS)]


def _paired(rounds: pd.DataFrame) -> pd.DataFrame:
    """The rounds beside which the reference was measured, with its median as `reference_ms`.

    Runs of releases that did not record it are paired by the number of the cycle.
    """
    others = rounds[~rounds["backend"].isin([REFERENCE, FLOOR])]
    says_it = set(rounds.loc[rounds["reference_ms"].notna(), "run"])
    is_new = others["run"].isin(says_it)
    if is_new.all():
        return others[others["reference_ms"] > 0].copy()
    pair = ["run", "capability", "checkpoint", "cycle"]
    reference = rounds[rounds["backend"] == REFERENCE].set_index(pair)["latency_ms"].rename("by_cycle")
    joined = others.join(reference, on=pair)
    joined["reference_ms"] = joined["reference_ms"].where(is_new, joined["by_cycle"])
    return joined[joined["reference_ms"] > 0].drop(columns="by_cycle")


def without_reference(samples: pd.DataFrame, faster: pd.DataFrame) -> int:
    """How many timed cells have no speed-up although the reference of their checkpoint was timed: at another time."""
    timed = samples.loc[samples["latency_ms"] > 0, ["run", "cell", "capability", "checkpoint", "backend"]]
    timed = timed.drop_duplicates()
    group = ["run", "capability", "checkpoint"]
    known = set(timed.loc[timed["backend"] == REFERENCE, group].itertuples(index=False, name=None))
    done = set(faster[["run", "cell"]].itertuples(index=False, name=None))
    others = timed[~timed["backend"].isin([REFERENCE, FLOOR])]
    keys = zip(others[group].itertuples(index=False, name=None), zip(others["run"], others["cell"], strict=True),
               strict=True)  # fmt: skip
    return sum(one in known and cell not in done for one, cell in keys)


def _intervals(ratios: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Percentile bootstrap intervals of the medians of many cells (a row each, of equally many cycles).

    The median of a resample is that of two (or one) of the sorted values, and which they are has nothing to do with the
    values: the same resamples serve every cell, and of thousands a few dozen pairs are distinct.
    """
    cycles = ratios.shape[1]
    drawn = np.sort(np.random.default_rng(SEED).integers(0, cycles, (RESAMPLES, cycles)), axis=1)
    middle = np.stack([drawn[:, (cycles - 1) // 2], drawn[:, cycles // 2]], axis=1)
    pairs, counts = np.unique(middle, axis=0, return_counts=True)
    values = np.sort(ratios, axis=1)
    medians = (values[:, pairs[:, 0]] + values[:, pairs[:, 1]]) / 2
    order = np.argsort(medians, axis=1, kind="stable")
    ranks = np.cumsum(counts[order], axis=1)
    tail = (1 - CONFIDENCE) / 2
    ends = []
    for share in (tail, 1 - tail):
        place = (ranks < share * RESAMPLES).sum(axis=1, keepdims=True)
        ends.append(np.take_along_axis(medians, np.take_along_axis(order, place, axis=1), axis=1)[:, 0])
    return ends[0], ends[1]


def _p_values(ratios: np.ndarray) -> np.ndarray:
    """Wilcoxon's test of each row; rows with ties or without a difference one by one, since they take other methods."""
    logs = np.log(ratios)
    sizes = np.sort(np.abs(logs), axis=1)
    is_plain = (sizes[:, 0] > 0) & (np.diff(sizes, axis=1) > 0).all(axis=1)
    found = np.full(len(logs), np.nan)
    if is_plain.any():
        found[is_plain] = stats.wilcoxon(logs[is_plain], axis=1).pvalue
    for place in np.flatnonzero(~is_plain):
        found[place] = float(stats.wilcoxon(logs[place]).pvalue) if logs[place].any() else 1.0
    return found


def adjusted(p_values: np.ndarray) -> np.ndarray:
    """P values after the correction of Benjamini and Hochberg; NaN stays NaN and does not count."""
    result = np.full(len(p_values), np.nan)
    present = ~np.isnan(p_values)
    if present.any():
        result[present] = stats.false_discovery_control(p_values[present])
    return result


def pareto_front(cells: pd.DataFrame, cost: str = "latency_p50_ms", gain: str = "accuracy") -> pd.Series:
    """Which cells no other cell beats: none is at least as fast and as accurate, and better in one.

    A cell without both numbers, one that did not pass, and the floor are neither on the front nor in its way.
    """
    takes_part = (cells["status"] == "passed") & (cells["backend"] != FLOOR) & cells[cost].notna() & cells[gain].notna()
    costs, gains = cells[cost].to_numpy(dtype=float), cells[gain].to_numpy(dtype=float)
    as_good = (costs[None, :] <= costs[:, None]) & (gains[None, :] >= gains[:, None])
    better = (costs[None, :] < costs[:, None]) | (gains[None, :] > gains[:, None])
    beaten = (as_good & better & takes_part.to_numpy()[None, :]).any(axis=1)
    return takes_part & pd.Series(~beaten, index=cells.index)
