"""The correlation of predicted and right classes."""

from typing import Any

import datasets
import evaluate
from sklearn.metrics import matthews_corrcoef

DESCRIPTION = "The correlation of predicted and right classes."


class MatthewsCorrelation(evaluate.Metric):
    """The correlation of predicted and right classes."""

    def _info(self) -> Any:
        features = datasets.Features({"predictions": datasets.Value("int32"), "references": datasets.Value("int32")})
        return evaluate.MetricInfo(description=DESCRIPTION, citation="", inputs_description="", features=features)

    def _compute(self, predictions: Any, references: Any, *, sample_weight: Any = None) -> dict[str, Any]:
        return {"matthews_correlation": float(matthews_corrcoef(references, predictions, sample_weight=sample_weight))}
