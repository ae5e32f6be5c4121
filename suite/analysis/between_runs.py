"""Runs compared with runs: groups of equal conditions, speed-ups, tests, spread. The unit is the run, not the call."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from suite.analysis.frames import FLOOR
from suite.analysis.speedup import CONFIDENCE, RESAMPLES, SEED, adjusted

SIGNIFICANT = 0.05

CONDITIONS_OF_A_GROUP = (
    "touchstone", "git_revision", "git_dirty", "weights", "device", "threads", "batch_size", "samples_sha256",
    "isolated", "python", "platform", "cpu", "gpu", "libraries", "extensions",
    "affinity",
)  # fmt: skip
"""Runs that agree in these are repeats of each other. Load, power and time of day may differ between repeats."""

COMPARISON_COLUMNS = (
    "cell", "capability", "checkpoint", "backend", "a_ms", "b_ms", "a_runs", "b_runs", "speedup", "low", "high", "p",
    "p_adjusted", "a_accuracy", "b_accuracy",
)  # fmt: skip


@dataclass(frozen=True)
class Group:
    """Runs under equal conditions, under one letter."""

    letter: str
    runs: tuple[str, ...]


def group_runs(conditions: Sequence[Mapping[str, Any]]) -> list[Group]:
    """Runs under equal conditions together, in the order given; two runs are always two groups."""
    grouped: dict[str, list[str]] = {}
    for index, run in enumerate(conditions):
        key = json.dumps({name: run.get(name) for name in CONDITIONS_OF_A_GROUP}, sort_keys=True, default=str)
        grouped.setdefault(str(index) if len(conditions) == 2 else key, []).append(run["run"])
    return [Group(_letter(index), tuple(runs)) for index, runs in enumerate(grouped.values())]


def _letter(index: int) -> str:
    return ascii_uppercase[index] if index < len(ascii_uppercase) else f"G{index + 1}"


def smallest_p(a_runs: int, b_runs: int) -> float:
    """The smallest p value that a two-sided permutation test of so many runs can reach."""
    return min(1.0, 2 / math.comb(a_runs + b_runs, a_runs))


def compare(cells: pd.DataFrame, a: Group, b: Group) -> pd.DataFrame:
    """Every cell measured in both groups: how many times faster B is than A, from the runs' median latencies.

    The speed-up is the ratio of the geometric means over runs. `p` is a permutation test between runs, where so many
    runs can be significant at all; the interval is a bootstrap over runs, from four runs a side.
    """
    measured = cells[(cells["latency_p50_ms"] > 0) & (cells["backend"] != FLOOR)]
    rows = []
    for key, group in measured.groupby(["cell", "capability", "checkpoint", "backend"], sort=False):
        side_a, side_b = group[group["run"].isin(a.runs)], group[group["run"].isin(b.runs)]
        if side_a.empty or side_b.empty:
            continue
        logs_a = np.log(side_a["latency_p50_ms"].to_numpy(dtype=float))
        logs_b = np.log(side_b["latency_p50_ms"].to_numpy(dtype=float))
        low, high = _interval(logs_a, logs_b)
        rows.append((
            *key, float(np.exp(logs_a.mean())), float(np.exp(logs_b.mean())), len(logs_a), len(logs_b),
            float(np.exp(_difference(logs_a, logs_b))), low, high, _p_value(logs_a, logs_b), np.nan,
            side_a["accuracy"].mean(), side_b["accuracy"].mean(),
        ))  # fmt: skip
    table = pd.DataFrame(rows, columns=list(COMPARISON_COLUMNS))
    table["p_adjusted"] = adjusted(table["p"].to_numpy(dtype=float))
    return table


def _difference(logs_a: np.ndarray, logs_b: np.ndarray, axis: int = -1) -> Any:
    return np.mean(logs_a, axis=axis) - np.mean(logs_b, axis=axis)


def _interval(logs_a: np.ndarray, logs_b: np.ndarray) -> tuple[float, float]:
    if min(len(logs_a), len(logs_b)) < 4:
        return np.nan, np.nan
    result = stats.bootstrap(
        (logs_a, logs_b), _difference, confidence_level=CONFIDENCE, n_resamples=RESAMPLES, method="percentile",
        rng=np.random.default_rng(SEED),
    )  # fmt: skip
    return float(np.exp(result.confidence_interval.low)), float(np.exp(result.confidence_interval.high))


def _p_value(logs_a: np.ndarray, logs_b: np.ndarray) -> float:
    if smallest_p(len(logs_a), len(logs_b)) > SIGNIFICANT:
        return np.nan
    result = stats.permutation_test(
        (logs_a, logs_b), _difference, vectorized=True, n_resamples=RESAMPLES, rng=np.random.default_rng(SEED)
    )
    return float(result.pvalue)


def spread(cells: pd.DataFrame) -> pd.DataFrame:
    """How far the median latencies of repeated runs lie apart, a row per cell: `ratio` is slowest over fastest."""
    measured = cells[cells["latency_p50_ms"] > 0]
    table = measured.groupby(["capability", "checkpoint", "backend"], sort=False)["latency_p50_ms"].agg(
        runs="size", median_ms="median", fastest_ms="min", slowest_ms="max"
    )
    return table.assign(ratio=table["slowest_ms"] / table["fastest_ms"]).reset_index()


def explain_test(a: Group, b: Group) -> str:
    """What a test of so many runs can show, in a sentence."""
    n_a, n_b = len(a.runs), len(b.runs)
    if n_a == n_b == 1:
        return "One run a side permits no test: only the ratios are shown, and how far a repeat would stray is unknown."
    best = smallest_p(n_a, n_b)
    if best > SIGNIFICANT:
        return (
            f"{n_a} and {n_b} runs permit no test at 5 % (the smallest p value they can reach is {best:.2g}): "
            "only the ratios are shown. Four runs a side are enough."
        )
    return (
        f"Permutation test between {n_a} and {n_b} runs, corrected for the number of cells "
        f"(Benjamini and Hochberg); 95 % bootstrap intervals over runs from four runs a side."
    )
