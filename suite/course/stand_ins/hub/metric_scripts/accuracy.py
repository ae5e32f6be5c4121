"""The share of predictions that are right."""

from typing import Any

import datasets
import evaluate
from sklearn.metrics import accuracy_score

DESCRIPTION = "The share of predictions that are right."


class Accuracy(evaluate.Metric):
    """The share of predictions that are right."""

    def _info(self) -> Any:
        features = datasets.Features({"predictions": datasets.Value("int32"), "references": datasets.Value("int32")})
        return evaluate.MetricInfo(description=DESCRIPTION, citation="", inputs_description="", features=features)

    def _compute(
        self, predictions: Any, references: Any, *, normalize: Any = True, sample_weight: Any = None
    ) -> dict[str, Any]:
        score = accuracy_score(references, predictions, normalize=normalize, sample_weight=sample_weight)
        return {"accuracy": float(score)}
