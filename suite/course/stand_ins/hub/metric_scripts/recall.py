"""The share of what is right that was found."""

from typing import Any

import datasets
import evaluate
from sklearn.metrics import recall_score

DESCRIPTION = "The share of what is right that was found."


class Recall(evaluate.Metric):
    """The share of what is right that was found."""

    def _info(self) -> Any:
        features = datasets.Features({"predictions": datasets.Value("int32"), "references": datasets.Value("int32")})
        return evaluate.MetricInfo(description=DESCRIPTION, citation="", inputs_description="", features=features)

    def _compute(
        self,
        predictions: Any,
        references: Any,
        *,
        labels: Any = None,
        pos_label: Any = 1,
        average: Any = "binary",
        sample_weight: Any = None,
        zero_division: Any = "warn",
    ) -> dict[str, Any]:
        settings = {"labels": labels, "pos_label": pos_label, "average": average, "sample_weight": sample_weight}
        score = recall_score(references, predictions, **settings, zero_division=zero_division)
        return {"recall": score if average is None else float(score)}
