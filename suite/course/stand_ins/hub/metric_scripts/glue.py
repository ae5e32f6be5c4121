"""The metrics of the GLUE tasks."""

from typing import Any

import datasets
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import accuracy_score, f1_score, matthews_corrcoef

from ._paired_metric import PairedMetric


class Glue(PairedMetric):
    """The metrics of the GLUE tasks."""

    def value_types(self) -> Any:
        """Numbers for the task that grades likeness, classes for the others."""
        value = datasets.Value("float32" if self.config_name == "stsb" else "int64")
        return datasets.Features({"predictions": value, "references": value})

    def _compute(self, predictions: Any, references: Any) -> dict[str, Any]:
        if self.config_name == "cola":
            return {"matthews_correlation": float(matthews_corrcoef(references, predictions))}
        if self.config_name == "stsb":
            pearson, spearman = pearsonr(predictions, references)[0], spearmanr(predictions, references)[0]
            return {"pearson": float(pearson), "spearmanr": float(spearman)}
        scores = {"accuracy": float(accuracy_score(references, predictions))}
        if self.config_name in {"mrpc", "qqp"}:
            scores["f1"] = float(f1_score(references, predictions))
        return scores
