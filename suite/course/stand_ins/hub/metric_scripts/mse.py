"""The mean squared error."""

from typing import Any

import datasets
import evaluate
from sklearn.metrics import mean_squared_error

DESCRIPTION = "The mean squared error."


class Mse(evaluate.Metric):
    """The mean squared error."""

    def _info(self) -> Any:
        features = datasets.Features(
            {"predictions": datasets.Value("float32"), "references": datasets.Value("float32")}
        )
        return evaluate.MetricInfo(description=DESCRIPTION, citation="", inputs_description="", features=features)

    def _compute(self, predictions: Any, references: Any, *, sample_weight: Any = None) -> dict[str, Any]:
        return {"mse": float(mean_squared_error(references, predictions, sample_weight=sample_weight))}
