"""The overlap of summaries with references."""

from typing import Any

import numpy as np
from rouge_score import rouge_scorer

from ._paired_metric import PairedMetric


class Rouge(PairedMetric):
    """The overlap of summaries with references."""

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
        pairs = zip(references, predictions, strict=True)
        scores = [scorer.score(reference, prediction) for reference, prediction in pairs]
        each = {kind: [score[kind].fmeasure for score in scores] for kind in kinds}
        return {kind: np.mean(values) for kind, values in each.items()} if use_aggregator else each
