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
    """The median latency of every round: one row per (run, cell, cycle)."""
    keys = ["run", "capability", "checkpoint", "backend", "cell", "cycle"]
    return samples.dropna(subset=["latency_ms"]).groupby(keys, sort=False)["latency_ms"].median().reset_index()


def speedups(samples: pd.DataFrame) -> pd.DataFrame:
    """How many times faster than the reference each cell is: median of the ratios per cycle.

    `low` and `high` bound the 95 % bootstrap interval over cycles; `p` is Wilcoxon's signed-rank test of "no
    difference", `p_adjusted` the same after Benjamini and Hochberg over all cells. Both are NaN for a single cycle.
    """
    rounds = round_medians(samples)
    rounds = rounds[rounds["latency_ms"] > 0]
    pair = ["run", "capability", "checkpoint", "cycle"]
    reference = rounds[rounds["backend"] == REFERENCE][[*pair, "latency_ms"]]
    others = rounds[~rounds["backend"].isin([REFERENCE, FLOOR])]
    paired = others.merge(reference, on=pair, suffixes=("", "_reference"))
    paired["ratio"] = paired["latency_ms_reference"] / paired["latency_ms"]
    rows = []
    for key, group in paired.groupby(["run", "cell", "capability", "checkpoint", "backend"], sort=False):
        ratios = group["ratio"].to_numpy(dtype=float)
        low, high = _interval(ratios)
        rows.append((*key, float(np.median(ratios)), low, high, len(ratios), _p_value(ratios), np.nan))
    table = pd.DataFrame(rows, columns=list(SPEEDUP_COLUMNS))
    table["p_adjusted"] = adjusted(table["p"].to_numpy(dtype=float))
    return table


def _interval(ratios: np.ndarray) -> tuple[float, float]:
    if len(ratios) < 2:
        return np.nan, np.nan
    result = stats.bootstrap(
        (ratios,), np.median, confidence_level=CONFIDENCE, n_resamples=RESAMPLES, method="percentile",
        rng=np.random.default_rng(SEED),
    )  # fmt: skip
    return float(result.confidence_interval.low), float(result.confidence_interval.high)


def _p_value(ratios: np.ndarray) -> float:
    if len(ratios) < 2:
        return np.nan
    logs = np.log(ratios)
    return float(stats.wilcoxon(logs).pvalue) if logs.any() else 1.0


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
