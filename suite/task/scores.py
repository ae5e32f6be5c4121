"""Scores that several capabilities use, from answers and truths that are plain values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np


def exact_match(answers: Sequence[Any], truths: Sequence[Any]) -> float:
    """The share of answers that equal their truth, or one of several, 0 to 1."""
    return float(np.mean([answer in references(truth) for answer, truth in zip(answers, truths, strict=True)]))


def references(truth: Any) -> Sequence[Any]:
    """What is right: one truth, or each of several."""
    return truth if isinstance(truth, list | tuple) else (truth,)


def commonest(truths: Sequence[Any]) -> list[Any]:
    """The truth that most samples have, as the answer to all of them; of several references the first counts."""
    first = Counter(references(truth)[0] for truth in truths)
    return [first.most_common(1)[0][0]] * len(truths) if first else []


def reference_lists(truths: Sequence[Any]) -> list[list[str]]:
    """The references as sacrebleu takes them: the first of each sample, the second of each, and so on.

    A sample with fewer than another repeats its last, which changes no score.
    """
    listed = [references(truth) for truth in truths]
    most = max(map(len, listed), default=0)
    return [[texts[min(place, len(texts) - 1)] for texts in listed] for place in range(most)]


def majority_share(truths: Sequence[str]) -> float:
    """The share of the most frequent truth, 0 to 1: what answering it always would reach."""
    return Counter(truths).most_common(1)[0][1] / len(truths)


def macro_f1(answers: Sequence[str], truths: Sequence[str]) -> float:
    """F1 averaged over the labels that the truths have, 0 to 1, whatever labels the task itself speaks of."""
    from sklearn.metrics import f1_score

    return float(f1_score(truths, answers, labels=sorted(set(truths)), average="macro", zero_division=0))
