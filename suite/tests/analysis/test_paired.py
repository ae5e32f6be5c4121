"""The paired tests: a planted difference is found, equal models are not called different, few samples show nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from scipy import stats

from suite.analysis.paired import LEVEL, accuracy_interval, compare_resampled, compare_scores, holm
from suite.checks.accuracy import score
from suite.task import discovery

TASKS = discovery.load_tasks(discovery.tasks_root())


def test_right_and_wrong_is_mcnemar_s_exact_test() -> None:
    first = [1.0] * 60 + [0.0] * 15 + [1.0] * 3
    second = [1.0] * 60 + [1.0] * 15 + [0.0] * 3
    result = compare_scores(first, second)
    assert (result.samples, result.gained, result.lost) == (78, 15, 3)
    assert result.p == pytest.approx(stats.binomtest(15, 18).pvalue)
    assert result.difference == pytest.approx(12 / 78)
    assert result.low < result.difference < result.high
    backwards = compare_scores(second, first)
    assert (backwards.p, backwards.difference) == (result.p, -result.difference)


def test_models_that_never_differ_are_not_certainly_equal() -> None:
    result = compare_scores([1.0, 0.0, 1.0, 1.0, 0.0], [1.0, 0.0, 1.0, 1.0, 0.0])
    assert (result.p, result.difference, result.least_p) == (1.0, 0.0, 1.0)
    assert result.low < -0.1 < 0.1 < result.high


@pytest.mark.parametrize(("differing", "can"), [(5, False), (6, True)])
def test_what_so_few_samples_could_show(differing: int, can: bool) -> None:
    result = compare_scores([0.0] * differing + [1.0] * 50, [1.0] * (differing + 50))
    assert (result.p <= LEVEL) is can
    assert result.least_p == pytest.approx(2 * 0.5**differing)


@pytest.mark.parametrize("samples", [40, 3000])
def test_graded_scores(samples: int) -> None:
    generator = np.random.default_rng(1)
    first = generator.uniform(0.2, 0.8, samples)
    noise = generator.normal(0, 0.1, samples)
    better = compare_scores(first.tolist(), (first + noise + 0.08).tolist())
    assert better.p < 0.01
    assert better.low < 0.08 < better.high
    alike = compare_scores(first.tolist(), (first + noise - noise.mean()).tolist())
    assert alike.p > 0.9
    same = compare_scores(first.tolist(), first.tolist())
    assert (same.p, same.difference) == (1.0, 0.0)


def test_no_samples_and_one_sample() -> None:
    assert math.isnan(compare_scores([], []).difference)
    assert compare_scores([0.4], [0.6]).p == 1.0


def alarms(pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> float:
    return float(np.mean([compare_scores(a.tolist(), b.tolist()).p <= LEVEL for a, b in pairs]))


@pytest.mark.parametrize("samples", [12, 60, 300])
def test_equal_models_are_rarely_called_different(samples: int) -> None:
    generator = np.random.default_rng(samples)
    hard = generator.uniform(0.3, 1.0, (400, 1, samples))  # some samples are hard for both
    answers = (generator.uniform(size=(400, 2, samples)) < hard).astype(float)
    assert alarms([(a, b) for a, b in answers]) <= LEVEL + 0.02


@pytest.mark.slow
def test_equal_graded_models_are_rarely_called_different() -> None:
    generator = np.random.default_rng(0)
    scores = np.clip(generator.uniform(0, 1, (120, 1, 15)) + generator.normal(0, 0.2, (120, 2, 15)), 0, 1)
    assert alarms([(a, b) for a, b in scores]) <= LEVEL + 0.04


def test_a_real_difference_is_mostly_found() -> None:
    generator = np.random.default_rng(3)
    chances = np.array([0.80, 0.90])[None, :, None]
    answers = (generator.uniform(size=(200, 2, 400)) < chances).astype(float)
    assert alarms([(a, b) for a, b in answers]) > 0.9


NER = TASKS["named-entity-recognition"]


def tagged(generator: np.random.Generator, samples: int, errors: float) -> tuple[list[list[str]], list[list[str]]]:
    """Truths and answers with so many errors. An entity's F1 belongs to all sentences together."""
    tags = np.array(["O", "B-PER", "B-LOC"])
    truths = generator.choice(tags, (samples, 6), p=[0.6, 0.2, 0.2])
    wrong = generator.uniform(size=truths.shape) < errors
    return truths.tolist(), np.where(wrong, generator.choice(tags, truths.shape), truths).tolist()


def with_errors(generator: np.random.Generator, truths: list[list[str]], errors: float) -> list[list[str]]:
    tags = np.array(["O", "B-PER", "B-LOC"])
    table = np.array(truths)
    wrong = generator.uniform(size=table.shape) < errors
    return np.where(wrong, generator.choice(tags, table.shape), table).tolist()


def of_resampled(first: list[list[str]], second: list[list[str]], truths: list[list[str]]) -> float:
    one, two = score(NER, first, truths, seed=0), score(NER, second, truths, seed=0)
    assert one.scores is None, "an F1 belongs to all samples"
    assert len(one.resampled) == NER.resamples
    result = compare_resampled(one.accuracy, two.accuracy, one.resampled, two.resampled, len(truths))
    assert result.difference == pytest.approx(two.accuracy - one.accuracy)
    return result.p


@pytest.mark.slow
def test_a_score_of_all_samples_together_is_compared_on_the_same_draws() -> None:
    generator = np.random.default_rng(0)
    truths, _ = tagged(generator, 150, 0.0)
    found = [
        of_resampled(with_errors(generator, truths, 0.05), with_errors(generator, truths, 0.15), truths)
        for _ in range(10)
    ]
    assert max(found) < 0.01, "a planted difference is found"
    equal = [
        of_resampled(with_errors(generator, truths, 0.1), with_errors(generator, truths, 0.1), truths)
        for _ in range(40)
    ]
    assert np.mean(np.array(equal) <= LEVEL) <= LEVEL + 0.06, "and equal models are rarely called different"


def test_the_same_answers_are_no_difference() -> None:
    truths, answers = tagged(np.random.default_rng(0), 40, 0.1)
    assert of_resampled(answers, answers, truths) == 1.0


def test_few_samples_are_not_tested_together() -> None:
    assert math.isnan(compare_resampled(0.1, 0.9, [0.1, 0.2, 0.1], [0.9, 0.8, 0.9], 7).p)
    assert math.isnan(compare_resampled(0.1, 0.9, [], [], 100).p)
    assert math.isnan(compare_resampled(0.1, 0.9, [0.1] * 9, [0.9] * 9, 100).p), "a difference that never varies"
    assert compare_resampled(0.1, 0.9, [0.1, 0.2, float("nan")], [0.9, 0.9, 0.9], 100).p < 1.0


def test_holm() -> None:
    assert holm([0.01, 0.04, 0.03, float("nan")])[:3] == pytest.approx([0.03, 0.06, 0.06])
    assert math.isnan(holm([0.01, float("nan")])[1])
    assert holm([0.01, float("nan")])[0] == 0.01, "what was not tested does not count"
    assert holm([]) == []
    assert holm([0.6, 0.5]) == [1.0, 1.0]


def test_holm_keeps_the_level_of_all_comparisons_together() -> None:
    generator = np.random.default_rng(0)
    families = generator.uniform(size=(2000, 10))
    assert np.mean([min(holm(family.tolist())) <= LEVEL for family in families]) == pytest.approx(LEVEL, abs=0.015)


def test_the_interval_of_one_accuracy() -> None:
    low, high = accuracy_interval(1.0, 0.0, 20, yes_or_no=True)
    assert low == pytest.approx(0.839, abs=0.001)
    assert high == 1.0
    assert accuracy_interval(0.5, 0.1, 20, yes_or_no=False) == pytest.approx((0.304, 0.696))
    assert accuracy_interval(0.95, 0.1, 20, yes_or_no=False)[1] == 1.0
    assert all(map(math.isnan, accuracy_interval(0.5, 0.0, 1, yes_or_no=False)))
