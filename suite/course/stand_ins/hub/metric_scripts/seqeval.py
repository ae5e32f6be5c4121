"""Precision, recall and F1 of entities."""

from typing import Any

import datasets
from seqeval.metrics import accuracy_score, classification_report

from ._paired_metric import PairedMetric


class Seqeval(PairedMetric):
    """Precision, recall and F1 of entities."""

    def value_types(self) -> Any:
        """A tag for each word."""
        tags = datasets.Sequence(datasets.Value("string"))
        return datasets.Features({"predictions": tags, "references": tags})

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
        scores = {
            kind: {"precision": s["precision"], "recall": s["recall"], "f1": s["f1-score"], "number": s["support"]}
            for kind, s in kinds.items()
        }
        for name, key in zip(names, ("precision", "recall", "f1-score"), strict=True):
            scores[f"overall_{name}"] = overall[key]
        return scores | {"overall_accuracy": accuracy_score(references, predictions)}
