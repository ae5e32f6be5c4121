"""Whether answers are better than those of someone who never looks at an input: a paired test on the same samples.

The test has three ends. The answers are shown to be better; or they are not, on samples that would have shown it; or
the samples cannot tell, since there are few of them, or all have one truth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np

from suite.task import Task

LEVEL = 0.005
"""The chance of taking luck for skill: that of 2.576 standard errors, on one side."""
DEVIATIONS = 2.576
"""Standard errors to either end of the interval in which the true difference lies, at 99 %."""
FEWEST = 8
"""Samples without which nothing can be told; of a yes or no the luckiest guesses are that rare."""


class Finding(Enum):
    """What the samples show."""

    BETTER = "better"
    NO_BETTER = "no better"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True)
class Evidence:
    """`p` is the chance of so good a result by luck; `gain` how much better than blind the best answers could be."""

    finding: Finding
    p: float
    gain: float


def blind_level(task: Task, truths: Sequence[Any]) -> tuple[float, list[Any] | None]:
    """The accuracy of someone who never looks, and the answers behind it, where there are any."""
    blind = task.blind_answers(truths)
    return (float(task.chance(truths)), None) if blind is None else (float(task.accuracy(blind, truths)), blind)


def find(
    task: Task,
    truths: Sequence[Any],
    ours: np.ndarray | None,
    *,
    accuracy: float,
    chance: float,
    stderr: float,
) -> Evidence:
    """Compare the answers' scores, from `each_score`, with blind ones'. The three numbers are of all samples."""
    if ours is None:
        p = _tail((accuracy - chance) / stderr) if stderr > 0 else float(accuracy <= chance)
        return _judged(p, len(truths) >= FEWEST, accuracy - chance + DEVIATIONS * stderr, 1.0 - chance)
    level, blind = blind_level(task, truths)
    theirs = None if blind is None else each_score(task, blind, truths, level)
    if theirs is None:
        theirs = np.full(len(ours), chance)
    return _paired(ours, theirs)


def _paired(ours: np.ndarray, theirs: np.ndarray) -> Evidence:
    """Two answerers' scores on each sample."""
    from scipy.stats import binomtest

    differences = ours - theirs
    wins, losses = int((differences > 0).sum()), int((differences < 0).sum())
    could_win = int((theirs < 1).sum())
    level = float(theirs[0])
    if len(set(theirs.tolist())) == 1 and 0 < level < 1 and set(ours.tolist()) <= {0.0, 1.0}:
        # Right or wrong, against a rate that belongs to no sample: a guess among labels.
        p = float(binomtest(int(ours.sum()), len(ours), level, alternative="greater").pvalue)
        could = level ** len(ours) <= LEVEL
    else:
        p = float(binomtest(wins, wins + losses, alternative="greater").pvalue) if wins + losses else 1.0
        could = 0.5**could_win <= LEVEL
    spread = float(differences.std(ddof=1)) / len(ours) ** 0.5 if len(ours) > 1 else float("inf")
    return _judged(p, could, float(differences.mean()) + DEVIATIONS * spread, float((1 - theirs).mean()))


def _judged(p: float, could_be_told: bool, at_best: float, gain: float) -> Evidence:
    """`at_best` is the upper end of the difference: whoever may have half of all the skill there is, is not judged."""
    if p <= LEVEL and could_be_told:
        return Evidence(Finding.BETTER, p, gain)
    no_better = could_be_told and at_best < gain / 2
    return Evidence(Finding.NO_BETTER if no_better else Finding.CANNOT_TELL, p, gain)


def each_score(task: Task, answers: Sequence[Any], truths: Sequence[Any], accuracy: float) -> np.ndarray | None:
    """The score of each sample, where the accuracy is their mean: it is then that of the halves' too.

    `None` where it belongs to all samples together, as an F1 or a correlation does.
    """
    middle = len(truths) // 2
    if middle:
        halves = [(middle, slice(None, middle)), (len(truths) - middle, slice(middle, None))]
        mean = sum(count * float(task.accuracy(answers[part], truths[part])) for count, part in halves) / len(truths)
        if abs(mean - accuracy) > 1e-9:
            return None
    scores = np.array(
        [float(task.accuracy([answer], [truth])) for answer, truth in zip(answers, truths, strict=True)], np.float64
    )
    return scores if scores.size and abs(float(scores.mean()) - accuracy) < 1e-9 else None


def better(task: Task, ours: Sequence[Any], theirs: Sequence[Any], truths: Sequence[Any]) -> Finding:
    """Whether our answers are better than theirs: the sign test on the samples that one of the two alone has right."""
    from scipy.stats import binomtest

    right = [task.accuracy([answer], [truth]) for answer, truth in zip(ours, truths, strict=True)]
    wrong = [task.accuracy([answer], [truth]) for answer, truth in zip(theirs, truths, strict=True)]
    wins = sum(a > b for a, b in zip(right, wrong, strict=True))
    losses = sum(a < b for a, b in zip(right, wrong, strict=True))
    if wins + losses and binomtest(wins, wins + losses, alternative="greater").pvalue <= LEVEL:
        return Finding.BETTER
    could_win = sum(value < 1 for value in wrong)
    return Finding.NO_BETTER if could_win and 0.5**could_win <= LEVEL and wins <= losses else Finding.CANNOT_TELL


def _tail(deviations: float) -> float:
    from scipy.stats import norm

    return float(norm.sf(deviations))
