"""Precision, recall and F1 of entities."""

from typing import Any

import datasets
import evaluate
from seqeval.metrics import accuracy_score, classification_report

DESCRIPTION = "Precision, recall and F1 of entities."


class Seqeval(evaluate.Metric):
    """Precision, recall and F1 of entities."""

    def _info(self) -> Any:
        features = datasets.Features(
            {
                "predictions": datasets.Sequence(datasets.Value("string")),
                "references": datasets.Sequence(datasets.Value("string")),
            }
        )
        return evaluate.MetricInfo(description=DESCRIPTION, citation="", inputs_description="", features=features)

    def _compute(
        self,
        predictions: Any,
        references: Any,
        *,
        suffix: Any = False,
        scheme: Any = None,
        mode: Any = None,
        sample_weight: Any = None,
        zero_division: Any = "warn",
    ) -> dict[str, Any]:
        settings = {
            "suffix": suffix,
            "sample_weight": sample_weight,
            "zero_division": zero_division,
            "output_dict": True,
        }
        report = classification_report(references, predictions, mode=mode, scheme=scheme, **settings)
        overall = report.pop("micro avg")
        names = ("precision", "recall", "f1")
        kinds = {kind: score for kind, score in report.items() if not kind.endswith(" avg")}
        found = {
            kind: {"precision": s["precision"], "recall": s["recall"], "f1": s["f1-score"], "number": s["support"]}
            for kind, s in kinds.items()
        }
        for name, key in zip(names, ("precision", "recall", "f1-score"), strict=True):
            found[f"overall_{name}"] = overall[key]
        return found | {"overall_accuracy": accuracy_score(references, predictions)}
