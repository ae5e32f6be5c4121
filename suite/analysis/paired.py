"""Two models on the same samples: a paired test of their scores, an interval of their difference, Holm's correction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

LEVEL = 0.05
"""The chance of calling equal models different, over all comparisons together."""
CONFIDENCE = 0.95
DEVIATIONS = 1.96
RESAMPLES = 9999
SEED = 0
FEWEST = 8
"""Samples below which a score that belongs to all of them together is not tested."""
MANY = 2000
"""Samples from which the mean of graded scores is normal enough for a t-test."""
_AT_ONCE = 2_000_000
"""Numbers that are resampled at a time."""


@dataclass(frozen=True)
class Paired:
    """How much better the second of two models is on the same samples.

    `difference` is its accuracy less the first's, `low` and `high` its 95 % interval, `p` that of "no difference"; NaN
    where there is no test. `gained` samples have a higher score, `lost` a lower one; `None` where a sample has no score
    of its own. `least_p` is the smallest p that samples of which so many differ could have given.
    """

    test: str
    samples: int
    difference: float
    low: float
    high: float
    p: float
    least_p: float
    gained: int | None = None
    lost: int | None = None


def compare_scores(first: Sequence[float], second: Sequence[float]) -> Paired:
    """Two models' scores, 0 to 1, on each of the same samples.

    Right or wrong: McNemar's exact test. Graded: a permutation test, which exchanges the two models' scores sample by
    sample, or of thousands of samples a paired t-test; the interval is a paired bootstrap's.
    """
    a, b = np.asarray(first, np.float64), np.asarray(second, np.float64)
    differences = b - a
    gained, lost = int((differences > 0).sum()), int((differences < 0).sum())
    differing, samples = gained + lost, len(differences)
    least = min(1.0, 2 * 0.5**differing)
    difference = float(differences.mean()) if samples else float("nan")
    if set(a.tolist()) | set(b.tolist()) <= {0.0, 1.0}:
        p = float(stats.binomtest(gained, differing).pvalue) if differing else 1.0
        low, high = _interval_of_shares(gained, lost, samples)
        return Paired("McNemar's exact test", samples, difference, low, high, p, least, gained, lost)
    if not differing:
        return Paired("permutation test", samples, difference, difference, difference, 1.0, least, gained, lost)
    if samples > MANY:
        result = stats.ttest_rel(b, a)
        interval = result.confidence_interval(CONFIDENCE)
        low, high = float(interval.low), float(interval.high)
        return Paired("paired t-test", samples, difference, low, high, float(result.pvalue), least, gained, lost)
    low, high = _bootstrap(differences)
    p = _permutation(a, b)
    return Paired("permutation test", samples, difference, low, high, p, least, gained, lost)


def _permutation(a: np.ndarray, b: np.ndarray) -> float:
    if len(a) < 2:
        return 1.0
    result = stats.permutation_test(
        (a, b), lambda x, y, axis: np.mean(y - x, axis=axis), permutation_type="samples", vectorized=True,
        n_resamples=RESAMPLES, batch=max(1, _AT_ONCE // len(a)), rng=np.random.default_rng(SEED),
    )  # fmt: skip
    return float(result.pvalue)


def _bootstrap(differences: np.ndarray) -> tuple[float, float]:
    if len(differences) < 2:
        return float("nan"), float("nan")
    result = stats.bootstrap(
        (differences,), np.mean, confidence_level=CONFIDENCE, n_resamples=RESAMPLES, method="percentile",
        batch=max(1, _AT_ONCE // len(differences)), rng=np.random.default_rng(SEED),
    )  # fmt: skip
    return float(result.confidence_interval.low), float(result.confidence_interval.high)


def _interval_of_shares(gained: int, lost: int, samples: int) -> tuple[float, float]:
    """Agresti and Min's interval of a difference of paired shares (Statistics in Medicine 24, 2005).

    A bootstrap would be certain of two models that differ on none of five samples; this one is not.
    """
    if not samples:
        return float("nan"), float("nan")
    size = samples + 2
    middle = (gained - lost) / size
    error = ((gained + lost + 1) / size - middle**2) ** 0.5 / size**0.5
    return max(-1.0, middle - DEVIATIONS * error), min(1.0, middle + DEVIATIONS * error)


def compare_resampled(
    first: float, second: float, resampled_first: Sequence[float], resampled_second: Sequence[float], samples: int
) -> Paired:
    """Two models' accuracies where a sample has no score of its own, and theirs on the same draws of the samples.

    A paired bootstrap: the spread of the differences over the draws is the error of the difference.
    """
    draws = np.asarray(resampled_second, np.float64) - np.asarray(resampled_first, np.float64)
    draws = draws[np.isfinite(draws)]
    difference = second - first
    nothing = float("nan")
    if samples < FEWEST or len(draws) < 2:
        return Paired("paired bootstrap", samples, difference, nothing, nothing, nothing, 1.0)
    error = float(draws.std(ddof=1))
    if error <= 1e-12:
        p = 1.0 if abs(difference) < 1e-9 else nothing
        return Paired("paired bootstrap", samples, difference, difference, difference, p, 1.0 if p == 1.0 else 0.0)
    spread = stats.t(len(draws) - 1)
    reach = float(spread.ppf((1 + CONFIDENCE) / 2)) * error
    p = float(2 * spread.sf(abs(difference) / error))
    return Paired("paired bootstrap", samples, difference, difference - reach, difference + reach, p, 0.0)


def holm(p_values: Sequence[float]) -> list[float]:
    """P values after Holm's correction (step down, Bonferroni's improved); NaN stays NaN and does not count."""
    given = np.asarray(p_values, np.float64)
    result = np.full(len(given), np.nan)
    present = np.flatnonzero(~np.isnan(given))
    order = present[np.argsort(given[present], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    result[order] = np.minimum(1.0, np.maximum.accumulate(given[order] * factors))
    return [float(value) for value in result]


def accuracy_interval(accuracy: float, error: float | None, samples: int, yes_or_no: bool) -> tuple[float, float]:
    """The 95 % interval of one accuracy: Wilson's where samples are right or wrong, else by its standard error."""
    if yes_or_no and samples > 0:
        interval = stats.binomtest(round(accuracy * samples), samples).proportion_ci(CONFIDENCE, method="wilson")
        return float(interval.low), float(interval.high)
    if error is None or not error > 0:
        return float("nan"), float("nan")
    return max(0.0, accuracy - DEVIATIONS * error), min(1.0, accuracy + DEVIATIONS * error)
