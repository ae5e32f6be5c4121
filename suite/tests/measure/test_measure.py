"""The measurements as pure functions: numbers whose right answer is known."""

from __future__ import annotations

import gc
import os
import time

import numpy as np
import pytest

from suite.measure import latency, memory
from suite.measure.cpu_time import Usage, cpu_seconds
from suite.measure.latency import LONGEST_ROUND, summarize, timed_calls, warm_up


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


@pytest.mark.parametrize(("call_s", "thrown_away"), [(0.03, 1), (0.002, 2)])
def test_of_long_calls_fewer_are_thrown_away(call_s: float, thrown_away: int) -> None:
    calls: list[None] = []

    def call() -> None:
        calls.append(None)
        time.sleep(call_s)

    durations, _, _ = timed_calls(call, 0.1)
    assert len(calls) - len(durations) == thrown_away


def test_warming_up_ends_when_steady_or_when_time_is_up() -> None:
    assert warm_up(lambda: spin(0.002), 5.0) < 100
    factor = [1.0]

    def ever_slower() -> None:
        factor[0] *= 1.2
        spin(0.0005 * factor[0])

    began = time.perf_counter()
    warm_up(ever_slower, 0.05)
    assert time.perf_counter() - began < 60
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
    # Its memory had to be read from the disk again: what it waited for was no sleep of its own.
    assert Usage(2.0, 0.5, 0.25, faults=3).idle_share(Usage(1.0, 0.0, 0.0, faults=2)) == 0.0


def test_a_reading_that_loses_its_core_is_not_idle_time(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = [0.05]

    def loses_the_core_at_first() -> float:
        time.sleep(slow.pop() if slow else 0.0)
        return 0.0

    monkeypatch.setattr("suite.measure.cpu_time._run_queue_seconds", loses_the_core_at_first)
    before = Usage.now()
    end = time.process_time() + 0.02
    while time.process_time() < end:
        pass
    assert Usage.now().idle_share(before) < 0.6, "or a crowded round of the same length would be called asleep"


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


@pytest.mark.parametrize(("shares", "sleeps"), [([0.0, 0.1, 0.2, 0.4, 0.5, 0.9], False), ([0.2, 0.3, 0.4, 0.5], True)])
def test_what_is_idle_in_some_rounds_alone_does_not_sleep(shares: list[float], sleeps: bool) -> None:
    assert bool(latency.summarize([[0.001, 0.001]] * len(shares), shares).sleeps) is sleeps
