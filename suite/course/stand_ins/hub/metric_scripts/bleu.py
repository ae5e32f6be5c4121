"""BLEU of translations, between 0 and 1."""

from typing import Any

import datasets
import evaluate
import sacrebleu

DESCRIPTION = "BLEU of translations, between 0 and 1."


class Bleu(evaluate.Metric):
    """BLEU of translations, between 0 and 1."""

    def _info(self) -> Any:
        text, texts = datasets.Value("string"), datasets.Sequence(datasets.Value("string"))
        features = [
            datasets.Features({"predictions": text, "references": texts}),
            datasets.Features({"predictions": text, "references": text}),
        ]
        return evaluate.MetricInfo(description=DESCRIPTION, citation="", inputs_description="", features=features)

    def _compute(self, predictions: Any, references: Any, *, max_order: Any = 4, smooth: Any = False) -> dict[str, Any]:
        wanted = [[one] if isinstance(one, str) else one for one in references]
        columns = [list(column) for column in zip(*wanted, strict=True)]
        metric = sacrebleu.BLEU(max_ngram_order=max_order, smooth_method="add-k" if smooth else "none")
        score = metric.corpus_score(predictions, columns)
        told = {"bleu": score.score / 100, "precisions": [one / 100 for one in score.precisions]}
        lengths = {"translation_length": score.sys_len, "reference_length": score.ref_len}
        return told | {"brevity_penalty": score.bp, "length_ratio": score.sys_len / score.ref_len} | lengths
