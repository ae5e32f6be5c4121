"""Exact match and F1 of answers out of passages."""

import re
import string
from collections import Counter
from typing import Any

import datasets

from ._paired_metric import PairedMetric

ANSWERS = {"text": datasets.Value("string"), "answer_start": datasets.Value("int32")}


class Squad(PairedMetric):
    """Exact match and F1 of answers out of passages."""

    def value_types(self) -> Any:
        """An answer with the id of its question, and the answers that are right."""
        prediction = {"id": datasets.Value("string"), "prediction_text": datasets.Value("string")}
        reference = {"id": datasets.Value("string"), "answers": datasets.features.Sequence(ANSWERS)}
        return datasets.Features({"predictions": prediction, "references": reference})

    def _compute(self, predictions: Any, references: Any) -> dict[str, Any]:
        texts = {one["id"]: one["prediction_text"] for one in predictions}
        pairs = [(texts.get(one["id"], ""), list(one["answers"]["text"])) for one in references]
        exact = [max(_words(answer) == _words(right) for right in answers) for answer, answers in pairs]
        overlap = [max(_overlap(answer, right) for right in answers) for answer, answers in pairs]
        return {"exact_match": 100 * sum(exact) / len(pairs), "f1": 100 * sum(overlap) / len(pairs)}


def _words(text: str) -> list[str]:
    plain = "".join(letter for letter in text.lower() if letter not in string.punctuation)
    return re.sub(r"\b(a|an|the)\b", " ", plain).split()


def _overlap(answer: str, right: str) -> float:
    ours, theirs = Counter(_words(answer)), Counter(_words(right))
    shared = sum((ours & theirs).values())
    return 2 * shared / (sum(ours.values()) + sum(theirs.values())) if shared else 0.0
