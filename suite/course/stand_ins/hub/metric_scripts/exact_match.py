"""The share of texts that are the same."""

from typing import Any

from ._paired_metric import PairedMetric


class ExactMatch(PairedMetric):
    """The share of texts that are the same."""

    def _compute(self, predictions: Any, references: Any) -> dict[str, Any]:
        same = [one == other for one, other in zip(predictions, references, strict=True)]
        return {"exact_match": sum(same) / len(same)}
