"""The measurements as pure functions: numbers whose right answer is known."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import pytest

from suite.checks.accuracy import Score, above_chance, keeps_accuracy, kept, score
from suite.checks.fidelity import Distance, distance
from suite.measure import latency, memory
from suite.measure.cpu_time import Usage, cpu_seconds
from suite.measure.latency import LONGEST_ROUND, summarize, timed_calls, warm_up
from suite.task import Task


def spin(seconds: float) -> None:
    stop = time.perf_counter() + seconds
    while time.perf_counter() < stop:
        pass


# Latency.


def test_percentiles_are_of_all_calls() -> None:
    rounds = [[0.001 * (i + 1) for i in range(50)], [0.001 * (i + 51) for i in range(50)]]
    result = summarize(rounds, [0.0, 0.0])
    assert result.p50_ms == pytest.approx(50.5)
    assert result.p90_ms == pytest.approx(90.1)
    assert result.p99_ms == pytest.approx(99.01)
    assert result.cv == pytest.approx(np.std(range(1, 101)) / 50.5)


def test_what_is_less_than_any_model_takes_is_not_unstable() -> None:
    assert summarize([[1e-7], [4e-7]], []).problem is None
    assert summarize([[1e-3], [4e-3]], []).problem is not None


def test_the_uncertainty_is_that_of_the_median_over_rounds() -> None:
    steady = summarize([[0.001, 0.001, 0.5]] * 10, [])
    assert steady.uncertainty == 0.0, "a rare slow call does not move the median of its round"
    assert steady.problem is None
    wild = summarize([[0.001 * (1 + 2 * (i % 2))] for i in range(10)], [])
    assert wild.uncertainty == pytest.approx(0.5)
    assert wild.problem is not None
    assert "--budget" in wild.problem
    assert summarize([[0.001], [0.003]], []).uncertainty == pytest.approx(0.5), "few rounds: their whole range"


def test_one_round_of_nothing_divides_by_nothing() -> None:
    result = summarize([[0.0]], [])
    assert (result.p50_ms, result.cv, result.uncertainty) == (0.0, 0.0, 0.0)


def test_a_call_that_sleeps_is_told_from_one_that_computes() -> None:
    assert summarize([[0.1]] * 3, [0.9, 0.9, 0.0]).sleeps is not None
    assert summarize([[0.1]] * 3, [0.9, 0.0, 0.0]).sleeps is None
    assert summarize([[0.1]], []).sleeps is None


def test_timed_calls_hold_the_garbage_collector_and_leave_out_the_first() -> None:
    seen: list[bool] = []

    def call() -> int:
        seen.append(gc.isenabled())
        return len(seen)

    durations, results, _ = timed_calls(call, 0.01)
    assert gc.isenabled()
    assert len(durations) == len(results) <= LONGEST_ROUND
    assert results[0] == latency.DISCARDED_CALLS + 1
    assert not any(seen[latency.DISCARDED_CALLS :])
    assert all(duration >= 0 for duration in durations)

    with pytest.raises(ZeroDivisionError):
        timed_calls(lambda: 1 // 0, 0.01)
    assert gc.isenabled()


def test_a_call_longer_than_the_round_is_timed_once() -> None:
    calls: list[None] = []

    def call() -> None:
        calls.append(None)
        time.sleep(0.05)

    durations, _, idle = timed_calls(call, 0.01)
    assert len(durations) == 1
    assert durations[0] >= 0.05
    assert len(calls) == 2, "of the calls that are thrown away, one is enough"
    assert idle > 0.5


def test_warming_up_ends_when_steady_or_when_time_is_up() -> None:
    assert warm_up(lambda: spin(0.002), 5.0) < 100
    factor = [1.0]

    def ever_slower() -> None:
        factor[0] *= 1.2
        spin(0.0005 * factor[0])

    began = time.perf_counter()
    warm_up(ever_slower, 0.05)
    assert time.perf_counter() - began < 5
    assert warm_up(lambda: time.sleep(0.03), 0.001) == 2, "at least twice"


# Where the time went.


def test_sleeping_is_idle_and_computing_is_not() -> None:
    before = Usage.now()
    time.sleep(0.2)
    asleep = Usage.now().idle_share(before)
    before = Usage.now()
    spin(0.2)
    assert Usage.now().idle_share(before) < 0.3
    assert asleep > 0.3
    assert Usage(1.0, 1.0, 0.0).idle_share(Usage(1.0, 0.0, 0.0)) == 0.0
    assert Usage(2.0, 0.5, 0.25).idle_share(Usage(1.0, 0.0, 0.0)) == pytest.approx(0.25)


def test_cpu_seconds_of_a_process() -> None:
    before = cpu_seconds(os.getpid())
    if before is None:
        pytest.skip("this system does not report it")
    spin(0.1)
    after = cpu_seconds(os.getpid())
    assert after is not None
    assert 0.02 < after - before < 5
    assert cpu_seconds(2**22 + 1) is None


def test_a_peak_starts_anew() -> None:
    memory.reset_peak("cpu")
    low = memory.peak_mb()
    block = np.ones(30_000_000)
    high = memory.peak_mb()
    del block
    assert high - low == pytest.approx(240, rel=0.2)
    memory.reset_peak("cpu")
    if memory.peak_mb() == high:
        pytest.skip("this system does not let a peak start anew")
    assert memory.peak_mb() - low < 120
    assert memory.peak_device_mb("cpu") is None


# Fidelity.


def _agreement(ours: np.ndarray, theirs: np.ndarray) -> float:
    return float((ours.argmax(-1) == theirs.argmax(-1)).mean())


def test_a_distance_is_relative_to_the_largest_of_all_references() -> None:
    reference = [np.array([[1.0, -4.0]]), np.array([[0.5, 0.0]])]
    numbers = [np.array([[1.0, -4.0]]), np.array([[0.5, 0.2]])]
    assert distance(numbers, reference, _agreement, 0.01, True) == Distance(0.2, 0.05, 1.0, 0, 0)


def test_a_flip_counts_unless_the_reference_was_nearly_tied() -> None:
    reference = [np.array([[10.0, 9.99], [10.0, 2.0], [1.0, 0.0]])]
    numbers = [np.array([[9.99, 10.0], [2.0, 10.0], [1.0, 0.0]])]
    result = distance(numbers, reference, _agreement, 0.01, True)
    assert (result.undecided, result.flipped) == (1, 1)
    assert result.agreement == pytest.approx(1 / 3)
    ignored = distance(numbers, reference, _agreement, 0.01, False)
    assert (ignored.undecided, ignored.flipped) == (0, 0)


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ([], "0 outputs for 1 inputs"),
        ([np.zeros((2, 2))], r"shape \(2, 2\) where the reference has \(1, 2\)"),
        ([np.array([[np.nan, 0.0]])], "not finite"),
        ([np.array([[np.inf, 0.0]])], "not finite"),
    ],
)
def test_what_cannot_be_compared(numbers: Sequence[np.ndarray], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        distance(numbers, [np.zeros((1, 2))], _agreement, 0.1, True)


def test_nothing_is_at_no_distance() -> None:
    empty = [np.zeros((0, 3))]
    assert distance(empty, empty, _agreement, 0.1, True) == Distance(0.0, 0.0, 1.0, 0, 0)
    zero = [np.zeros((1, 1))]
    assert distance(zero, zero, _agreement, 0.1, True).relative == 0.0


# Accuracy.


class _Task:
    """As much of a task as a score needs."""

    resamples = 100

    def accuracy(self, answers: Sequence[Any], truths: Sequence[Any]) -> float:
        return sum(a == t for a, t in zip(answers, truths, strict=True)) / len(truths)

    def chance(self, truths: Sequence[Any]) -> float:
        return 0.5

    def metrics(self, answers: Sequence[Any], truths: Sequence[Any]) -> dict[str, float]:
        return {"count": len(truths)}


def scored(right: int, of: int) -> Score:
    return score(cast(Task, _Task()), [1] * right + [0] * (of - right), [1] * of, seed=0)


def test_the_standard_error_is_that_of_the_binomial() -> None:
    result = scored(300, 400)
    assert (result.accuracy, result.chance, result.samples, result.metrics) == (0.75, 0.5, 400, {"count": 400.0})
    assert result.stderr == pytest.approx((0.75 * 0.25 / 400) ** 0.5, rel=0.25)
    assert scored(300, 400) == result, "the same seed gives the same error"


def test_above_chance_must_be_significant() -> None:
    assert above_chance(scored(300, 400)) is None
    assert "not above the chance level of 0.5" in str(above_chance(scored(205, 400)))
    assert above_chance(scored(200, 400)) is not None
    assert above_chance(scored(100, 400)) is not None


@pytest.mark.parametrize(
    ("right", "strict", "lost"),
    [(1000, True, False), (990, False, False), (989, False, True), (999, True, False), (998, True, True)],
)
def test_the_gates_are_99_and_99_9_per_cent(right: int, strict: bool, lost: bool) -> None:
    reference, ours = Score(1.0, 0.0, 0.5, 1000), Score(right / 1000, 0.0, 0.5, 1000)
    answers = [1] * right + [0] * (1000 - right)
    problem = keeps_accuracy(ours, reference, answers, [1] * 1000, strict)
    assert (problem is not None) == lost
    if problem:
        assert f"{1000 - right} of 1000 answers differ" in problem


@pytest.mark.parametrize(("right", "strict", "lost"), [(48, False, False), (47, False, True), (48, True, True)])
def test_of_few_samples_one_may_be_lost(right: int, strict: bool, lost: bool) -> None:
    reference, ours = Score(49 / 50, 0.02, 0.5, 50), Score(right / 50, 0.02, 0.5, 50)
    assert (keeps_accuracy(ours, reference, [0] * 50, [0] * 50, strict) is not None) == lost


def test_nothing_is_kept_of_nothing() -> None:
    nothing = Score(0.0, 0.0, 0.5, 10)
    assert kept(nothing, nothing) is None
    assert keeps_accuracy(nothing, nothing, [0], [0], strict=True) is None
