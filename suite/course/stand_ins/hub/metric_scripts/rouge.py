"""The overlap of summaries with references."""

from typing import Any

import datasets
import evaluate
import numpy as np
from rouge_score import rouge_scorer

DESCRIPTION = "The overlap of summaries with references."


class Rouge(evaluate.Metric):
    """The overlap of summaries with references."""

    def _info(self) -> Any:
        features = datasets.Features({"predictions": datasets.Value("string"), "references": datasets.Value("string")})
        return evaluate.MetricInfo(description=DESCRIPTION, citation="", inputs_description="", features=features)

    def _compute(
        self,
        predictions: Any,
        references: Any,
        *,
        rouge_types: Any = None,
        use_aggregator: Any = True,
        use_stemmer: Any = False,
        tokenizer: Any = None,
    ) -> dict[str, Any]:
        kinds = rouge_types or ["rouge1", "rouge2", "rougeL", "rougeLsum"]
        scorer = rouge_scorer.RougeScorer(kinds, use_stemmer=use_stemmer, tokenizer=tokenizer)
        scores = [scorer.score(reference, found) for found, reference in zip(predictions, references, strict=True)]
        each = {kind: [score[kind].fmeasure for score in scores] for kind in kinds}
        return {kind: np.mean(values) for kind, values in each.items()} if use_aggregator else each
