"""Scores that several capabilities use, from answers and truths that are plain values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np


def exact_match(answers: Sequence[Any], truths: Sequence[Any]) -> float:
    """The share of answers that equal their truth, 0 to 1."""
    return float(np.mean([answer == truth for answer, truth in zip(answers, truths, strict=True)]))


def majority_share(truths: Sequence[str]) -> float:
    """The share of the most frequent truth, 0 to 1: what answering it always would reach."""
    return Counter(truths).most_common(1)[0][1] / len(truths)


def macro_f1(answers: Sequence[str], truths: Sequence[str], labels: Sequence[str]) -> float:
    """F1 averaged over `labels`, 0 to 1; a label that occurs in neither counts 0."""
    from sklearn.metrics import f1_score

    return float(f1_score(truths, answers, labels=list(labels), average="macro", zero_division=0))
