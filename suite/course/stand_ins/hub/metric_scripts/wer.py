"""The word error rate of transcriptions."""

from typing import Any

import datasets
import evaluate
import jiwer

DESCRIPTION = "The word error rate of transcriptions."


class Wer(evaluate.Metric):
    """The word error rate of transcriptions."""

    def _info(self) -> Any:
        features = datasets.Features({"predictions": datasets.Value("string"), "references": datasets.Value("string")})
        return evaluate.MetricInfo(description=DESCRIPTION, citation="", inputs_description="", features=features)

    def _compute(self, predictions: Any, references: Any) -> float:
        return jiwer.wer(references, predictions)
