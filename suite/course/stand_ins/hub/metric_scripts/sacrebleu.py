"""BLEU of translations, as sacrebleu computes it."""

from typing import Any

import datasets
import evaluate
import sacrebleu

DESCRIPTION = "BLEU of translations, as sacrebleu computes it."


class Sacrebleu(evaluate.Metric):
    """BLEU of translations, as sacrebleu computes it."""

    def _info(self) -> Any:
        text, texts = datasets.Value("string"), datasets.Sequence(datasets.Value("string"))
        features = [
            datasets.Features({"predictions": text, "references": texts}),
            datasets.Features({"predictions": text, "references": text}),
        ]
        return evaluate.MetricInfo(description=DESCRIPTION, citation="", inputs_description="", features=features)

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
        wanted = [[one] if isinstance(one, str) else one for one in references]
        settings = {
            "smooth_method": smooth_method,
            "smooth_value": smooth_value,
            "force": force,
            "lowercase": lowercase,
        }
        settings |= {"use_effective_order": use_effective_order} | ({"tokenize": tokenize} if tokenize else {})
        score = sacrebleu.corpus_bleu(predictions, [list(column) for column in zip(*wanted, strict=True)], **settings)
        told = {"score": score.score, "counts": score.counts, "totals": score.totals, "precisions": score.precisions}
        return told | {"bp": score.bp, "sys_len": score.sys_len, "ref_len": score.ref_len}
