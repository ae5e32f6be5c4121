"""The share of texts that are the same."""

from typing import Any

import datasets
import evaluate

DESCRIPTION = "The share of texts that are the same."


class ExactMatch(evaluate.Metric):
    """The share of texts that are the same."""

    def _info(self) -> Any:
        features = datasets.Features({"predictions": datasets.Value("string"), "references": datasets.Value("string")})
        return evaluate.MetricInfo(description=DESCRIPTION, citation="", inputs_description="", features=features)

    def _compute(self, predictions: Any, references: Any) -> dict[str, Any]:
        same = [one == other for one, other in zip(predictions, references, strict=True)]
        return {"exact_match": sum(same) / len(same)}
