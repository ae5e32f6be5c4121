"""What a cell answered to every sample, in words and scores, bounded: what comparisons of models are made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from suite.task import Sample, Task

MOST_SAMPLES = 10_000
"""Of a cell; the first ones are kept."""
LONGEST = 300
"""Characters of a text."""
MOST_SLICES = 200
"""Of all samples together; the commonest are kept."""


@dataclass(frozen=True)
class Questions:
    """The samples that a cell was asked, in their order: ids, inputs and truths in words, slices of each."""

    samples: list[str] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)
    truths: list[str] = field(default_factory=list)
    slices: list[list[str]] = field(default_factory=list)


@dataclass(frozen=True)
class AnswerSheet:
    """The answers to the questions, in words.

    `scores` are 0 to 1, one a sample, where the accuracy is their mean. Where it belongs to all samples together (an
    F1, a correlation) they are `None`, and `resampled` is the accuracy of each of some draws of the samples: the same
    draws for every cell that was asked as many, so that two cells' differences are those of a paired bootstrap.
    `slices` is the accuracy on each slice; `one_label` whether an answer is one label.
    """

    questions: Questions
    answers: list[str]
    scores: list[float] | None
    resampled: list[float] | None
    slices: dict[str, float]
    one_label: bool


def questions(task: Task, samples: Sequence[Sample]) -> Questions:
    """The samples in words."""
    asked = samples[:MOST_SAMPLES]
    kept = kept_slices([sample.slices for sample in asked])
    return Questions(
        [_short(sample.id) for sample in asked],
        [_short(task.describe(sample.input)) for sample in asked],
        [_short(task.describe_answer(sample.truth)) for sample in asked],
        [[name for name in sample.slices if name in kept] for sample in asked],
    )


def in_words(task: Task, answers: Sequence[Any]) -> list[str]:
    """The answers to those samples in words."""
    return [_short(task.describe_answer(answer)) for answer in answers[:MOST_SAMPLES]]


def kept_slices(slices: Sequence[Sequence[str]]) -> set[str]:
    """The commonest slices' names, of equally common ones the first."""
    counts = Counter(name for names in slices for name in names)
    return {name for name, _ in counts.most_common(MOST_SLICES)}


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
