"""Exact match and F1 of answers out of passages."""

import re
import string
from collections import Counter
from typing import Any

import datasets
import evaluate

DESCRIPTION = "Exact match and F1 of answers out of passages."
ANSWERS = {"text": datasets.Value("string"), "answer_start": datasets.Value("int32")}


class Squad(evaluate.Metric):
    """Exact match and F1 of answers out of passages."""

    def _info(self) -> Any:
        found = {"id": datasets.Value("string"), "prediction_text": datasets.Value("string")}
        wanted = {"id": datasets.Value("string"), "answers": datasets.features.Sequence(ANSWERS)}
        features = datasets.Features({"predictions": found, "references": wanted})
        return evaluate.MetricInfo(description=DESCRIPTION, citation="", inputs_description="", features=features)

    def _compute(self, predictions: Any, references: Any) -> dict[str, Any]:
        texts = {one["id"]: one["prediction_text"] for one in predictions}
        pairs = [(texts.get(one["id"], ""), list(one["answers"]["text"])) for one in references]
        exact = [max(_words(found) == _words(right) for right in wanted) for found, wanted in pairs]
        overlap = [max(_overlap(found, right) for right in wanted) for found, wanted in pairs]
        return {"exact_match": 100 * sum(exact) / len(pairs), "f1": 100 * sum(overlap) / len(pairs)}


def _words(text: str) -> list[str]:
    plain = "".join(letter for letter in text.lower() if letter not in string.punctuation)
    return re.sub(r"\b(a|an|the)\b", " ", plain).split()


def _overlap(found: str, right: str) -> float:
    ours, theirs = Counter(_words(found)), Counter(_words(right))
    shared = sum((ours & theirs).values())
    return 2 * shared / (sum(ours.values()) + sum(theirs.values())) if shared else 0.0
