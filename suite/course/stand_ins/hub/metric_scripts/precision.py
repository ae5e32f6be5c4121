"""The share of what was found that is right."""

from typing import Any

import datasets
import evaluate
from sklearn.metrics import precision_score

DESCRIPTION = "The share of what was found that is right."


class Precision(evaluate.Metric):
    """The share of what was found that is right."""

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
        score = precision_score(references, predictions, **settings, zero_division=zero_division)
        return {"precision": score if average is None else float(score)}
