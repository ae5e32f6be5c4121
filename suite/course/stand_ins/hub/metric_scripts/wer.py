"""The word error rate of transcriptions."""

from typing import Any

import jiwer

from ._paired_metric import PairedMetric


class Wer(PairedMetric):
    """The word error rate of transcriptions."""

    def _compute(self, predictions: Any, references: Any) -> float:
        return jiwer.wer(references, predictions)
