"""The metrics of the GLUE tasks."""

from typing import Any

import datasets
import evaluate
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import accuracy_score, f1_score, matthews_corrcoef

DESCRIPTION = "The metrics of the GLUE tasks."


class Glue(evaluate.Metric):
    """The metrics of the GLUE tasks."""

    def _info(self) -> Any:
        kind = "float32" if self.config_name == "stsb" else "int64"
        features = datasets.Features({"predictions": datasets.Value(kind), "references": datasets.Value(kind)})
        return evaluate.MetricInfo(description=DESCRIPTION, citation="", inputs_description="", features=features)

    def _compute(self, predictions: Any, references: Any) -> dict[str, Any]:
        if self.config_name == "cola":
            return {"matthews_correlation": float(matthews_corrcoef(references, predictions))}
        if self.config_name == "stsb":
            pearson, spearman = pearsonr(predictions, references)[0], spearmanr(predictions, references)[0]
            return {"pearson": float(pearson), "spearmanr": float(spearman)}
        found = {"accuracy": float(accuracy_score(references, predictions))}
        if self.config_name in {"mrpc", "qqp"}:
            found["f1"] = float(f1_score(references, predictions))
        return found
