"""The harmonic mean of precision and recall."""

from typing import Any

import datasets
import evaluate
from sklearn.metrics import f1_score

DESCRIPTION = "The harmonic mean of precision and recall."


class F1(evaluate.Metric):
    """The harmonic mean of precision and recall."""

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
    ) -> dict[str, Any]:
        settings = {"labels": labels, "pos_label": pos_label, "average": average, "sample_weight": sample_weight}
        score = f1_score(references, predictions, **settings)
        return {"f1": score if average is None else float(score)}
