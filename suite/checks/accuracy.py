"""How right the answers are, how sure that is, and the two gates that they must pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from suite.task import Task
from suite.task.sample_answer import SampleAnswer

KEPT = 0.99
KEPT_STRICT = 0.999
"""The shares of the reference's accuracy that MLPerf Inference asks of an optimized model (arXiv:1911.02549)."""
SIGNIFICANCE = 2.576
"""Standard errors above chance: 99 % two-sided."""


@dataclass(frozen=True)
class Score:
    """`accuracy` 0 to 1, its bootstrap standard error over samples, the other metrics, and the chance level."""

    accuracy: float
    stderr: float
    chance: float
    samples: int
    metrics: dict[str, float] = field(default_factory=dict)


def score(task: Task, answers: Sequence[Any], truths: Sequence[Any], seed: int) -> Score:
    """Score a set of answers. The standard error is that of a bootstrap over samples."""
    accuracy = float(task.accuracy(answers, truths))
    rng = np.random.default_rng(seed)
    size = len(truths)
    resampled = []
    for _ in range(task.resamples):
        drawn = rng.integers(0, size, size)
        resampled.append(task.accuracy([answers[i] for i in drawn], [truths[i] for i in drawn]))
    return Score(
        accuracy=accuracy,
        stderr=float(np.nanstd(resampled, ddof=1)),
        chance=float(task.chance(truths)),
        samples=size,
        metrics={name: float(value) for name, value in task.metrics(answers, truths).items()},
    )


def above_chance(result: Score) -> str | None:
    """A sentence if the accuracy is not significantly above chance: then the checkpoint itself is broken."""
    if result.accuracy > result.chance + SIGNIFICANCE * result.stderr:
        return None
    return (
        f"accuracy {result.accuracy:.4f} is not above the chance level of {result.chance:.4f} by "
        f"{SIGNIFICANCE} standard errors ({result.stderr:.4f}): the checkpoint is broken, or not made for this task"
    )


def kept(result: Score, reference: Score) -> float | None:
    """The share of the reference's accuracy that is left; `None` where the reference has none."""
    return result.accuracy / reference.accuracy if reference.accuracy > 0 else None


def keeps_accuracy(
    result: Score, reference: Score, answers: Sequence[Any], theirs: Sequence[Any], strict: bool
) -> str | None:
    """A sentence if less than 99 % (strict: 99.9 %) of the reference's accuracy is left on the same samples.

    On few samples one answer is more than that: it may be lost, unless it is to be strict.
    """
    share, gate = kept(result, reference), KEPT_STRICT if strict else KEPT
    one = 0.0 if strict else 1 / max(result.samples, 1)
    if share is None or share >= gate or reference.accuracy - result.accuracy <= one + 1e-9:
        return None
    changed = sum(ours != reference_answer for ours, reference_answer in zip(answers, theirs, strict=True))
    return (
        f"it keeps {share:.2%} of the reference's accuracy ({result.accuracy:.4f} of {reference.accuracy:.4f}), less "
        f"than {gate:.1%}; {changed} of {result.samples} answers differ from the reference's"
    )


@dataclass(frozen=True)
class Answers:
    """What a cell answered to the whole test split.

    `extra` holds metrics that took further runs of the model, `sample_answers` a few samples to look at.
    """

    answers: list[Any]
    truths: list[Any]
    extra: dict[str, float]
    sample_answers: list[SampleAnswer]
