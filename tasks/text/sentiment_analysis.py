"""Sentiment analysis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from suite.task import Checkpoint, HubDataset, Sample
from suite.task.text import TextClassification

from ..worlds import sentiments


class SentimentAnalysis(TextClassification):
    """Say whether a text is positive or negative. Documented with pipeline("sentiment-analysis")."""

    name = "sentiment-analysis"
    auto_class = "AutoModelForSequenceClassification"
    checkpoints = (
        Checkpoint(
            id="distilbert/distilbert-base-uncased-finetuned-sst-2-english",
            revision="714eb0fa89d2f80546fda750413ed43d93601a13",
            architecture="DistilBertForSequenceClassification",
            miniature="sentiment-analysis",
            config="distilbert-base-uncased-finetuned-sst-2-english.json",
        ),
    )
    dataset = HubDataset(
        "stanfordnlp/sst2",
        revision="8d51e7e4887a4caaa95b3fbebbf53c0490b58bbb",
        split="validation",
        limit=872,
        files="data/validation-*.parquet",
    )
    metric = "accuracy"
    labels = (sentiments.POSITIVE, sentiments.NEGATIVE)
    label_aliases = {"pos": "POSITIVE", "neg": "NEGATIVE"}  # noqa: RUF012

    def samples(self) -> Sequence[Sample]:
        return [
            Sample(f"{review.kind}-{index}", review.text, review.truth)
            for index, review in enumerate(sentiments.reviews("test"))
        ]

    def from_hub(self, row: Mapping[str, Any]) -> Sample | None:
        return Sample("", row["sentence"].strip(), sentiments.POSITIVE if row["label"] == 1 else sentiments.NEGATIVE)

    def decode(self, outputs: Any, batch: Mapping[str, Any], processor: Any, config: Any) -> list[str]:
        return [self.label(index, config) for index in outputs.logits.argmax(dim=-1).tolist()]
