"""Scores, their standard errors, and the gates on accuracy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import pytest

from suite.checks.accuracy import Score, above_chance, keeps_accuracy, kept, score
from suite.task import Task


class _Task:
    """As much of a task as a score needs."""

    resamples = 100

    def accuracy(self, answers: Sequence[Any], truths: Sequence[Any]) -> float:
        return sum(a == t for a, t in zip(answers, truths, strict=True)) / len(truths)

    def chance(self, truths: Sequence[Any]) -> float:
        return 0.5

    def blind_answers(self, truths: Sequence[Any]) -> None:
        return None

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


def test_a_single_sample_has_no_standard_error() -> None:
    assert score(cast(Task, _Task()), ["a"], ["a"], 0).stderr == 0.0
