"""BLEU of translations, between 0 and 1."""

from typing import Any

import sacrebleu

from ._paired_metric import TranslationMetric


class Bleu(TranslationMetric):
    """BLEU of translations, between 0 and 1."""

    def _compute(self, predictions: Any, references: Any, *, max_order: Any = 4, smooth: Any = False) -> dict[str, Any]:
        metric = sacrebleu.BLEU(max_ngram_order=max_order, smooth_method="add-k" if smooth else "none")
        score = metric.corpus_score(predictions, self.reference_columns(references))
        return {
            "bleu": score.score / 100,
            "precisions": [one / 100 for one in score.precisions],
            "brevity_penalty": score.bp,
            "length_ratio": score.sys_len / score.ref_len,
            "translation_length": score.sys_len,
            "reference_length": score.ref_len,
        }
