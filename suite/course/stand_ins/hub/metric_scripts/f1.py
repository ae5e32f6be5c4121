"""The harmonic mean of precision and recall."""

from typing import Any

from sklearn.metrics import f1_score

from ._paired_metric import ScikitLearnMetric


class F1(ScikitLearnMetric):
    """The harmonic mean of precision and recall."""

    key = "f1"

    @staticmethod
    def score(references: Any, predictions: Any, **settings: Any) -> Any:
        """As scikit-learn's, without the setting that the real metric does not have."""
        if "zero_division" in settings:
            raise TypeError("F1._compute() got an unexpected keyword argument 'zero_division'")
        return f1_score(references, predictions, **settings)
