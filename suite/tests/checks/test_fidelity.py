"""Distances to the reference, and the gate on them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from suite.checks.fidelity import Distance, distance, judge
from suite.core.cell import Status
from suite.core.errors import OtherShape
from suite.worker.failures import failure

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
    ("numbers", "kind", "words"),
    [
        ([], OtherShape, "0 outputs for 1 inputs"),
        ([np.zeros((2, 2))], OtherShape, r"of input 1 .* shape \(2, 2\), and the reference's of shape \(1, 2\)"),
        ([np.array([[np.nan, 0.0]])], ValueError, "not finite"),
        ([np.array([[np.inf, 0.0]])], ValueError, "not finite"),
    ],
)
def test_what_cannot_be_compared(numbers: Sequence[np.ndarray], kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        distance(numbers, [np.zeros((1, 2))], _agreement, 0.1, True)


def test_outputs_of_another_shape_are_the_backends_failure() -> None:
    with pytest.raises(OtherShape) as caught:
        distance([np.zeros((62, 4))], [np.zeros((63, 4))], _agreement, 0.1, True)
    assert failure(caught.value).kind == Status.FAILED


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_nothing_is_compared_with_a_reference_that_is_not_finite(value: float) -> None:
    with pytest.raises(ValueError, match="not finite"):
        distance([np.zeros((1, 2))], [np.array([[value, 0.0]])], _agreement, 0.1, True)


def test_nothing_is_at_no_distance() -> None:
    empty = [np.zeros((0, 3))]
    assert distance(empty, empty, _agreement, 0.1, True) == Distance(0.0, 0.0, 1.0, 0, 0)
    zero = [np.zeros((1, 1))]
    assert distance(zero, zero, _agreement, 0.1, True).relative == 0.0


@pytest.mark.parametrize(
    ("result", "status", "words"),
    [
        (Distance(0.1, 0.001, 1.0, 0, 0), Status.PASSED, ""),
        (Distance(0.1, 0.02, 1.0, 0, 0), Status.FAILED, "stray by 0.02 of the reference's largest"),
        (Distance(0.1, 0.001, 0.9, 3, 2), Status.FAILED, "2 decisions differ"),
        (Distance(0.1, 0.001, 0.9, 3, 0), Status.PASSED, ""),
    ],
)
def test_the_gate_is_on_the_distance_and_on_decisions_that_were_not_close(
    result: Distance, status: Status, words: str
) -> None:
    outcome = judge(result, 0.01, "bf16")
    assert (outcome.status, words in outcome.reason) == (status, True)
    assert outcome.fields["relative_diff"] == result.relative
