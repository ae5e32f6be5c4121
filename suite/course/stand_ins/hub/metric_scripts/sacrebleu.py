"""BLEU of translations, as sacrebleu computes it."""

from typing import Any

import sacrebleu

from ._paired_metric import TranslationMetric


class Sacrebleu(TranslationMetric):
    """BLEU of translations, as sacrebleu computes it."""

    def _compute(
        self,
        predictions: Any,
        references: Any,
        *,
        smooth_method: Any = "exp",
        smooth_value: Any = None,
        force: Any = False,
        lowercase: Any = False,
        tokenize: Any = None,
        use_effective_order: Any = False,
    ) -> dict[str, Any]:
        settings = {
            "smooth_method": smooth_method,
            "smooth_value": smooth_value,
            "force": force,
            "lowercase": lowercase,
            "use_effective_order": use_effective_order,
        } | ({"tokenize": tokenize} if tokenize else {})
        score = sacrebleu.corpus_bleu(predictions, self.reference_columns(references), **settings)
        return {
            "score": score.score,
            "counts": score.counts,
            "totals": score.totals,
            "precisions": score.precisions,
            "bp": score.bp,
            "sys_len": score.sys_len,
            "ref_len": score.ref_len,
        }
