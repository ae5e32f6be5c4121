"""Summarization."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from suite.task import Checkpoint, HubDataset, Sample
from suite.task.scores import exact_match
from suite.task.text import GenerativeTextTask

from ..worlds import articles

MEASURES = ("rouge1", "rouge2", "rougeL")
LONGEST = 600
"""Words of an article of the real data: longer ones may not fit into the 1024 tokens that BART takes."""


class Summarization(GenerativeTextTask):
    """Sum up an article in a sentence or a few. Documented with pipeline("summarization")."""

    name = "summarization"
    auto_class = "AutoModelForSeq2SeqLM"
    checkpoints = (
        Checkpoint(
            id="facebook/bart-large-cnn",
            revision="37f520fa929c961707657b28798b30c003dd100b",
            architecture="BartForConditionalGeneration",
            miniature="summarization",
            config="bart-large-cnn.json",
        ),
    )
    dataset = HubDataset(
        "abisee/cnn_dailymail",
        revision="96df5e686bee6baa90b8bee7c28b81fa3fa6223d",
        split="test",
        name="3.0.0",
        files="3.0.0/test-*.parquet",
    )
    metric = "ROUGE-L F1"
    prefixes = {"summarization": "summarize: "}  # noqa: RUF012
    # All that the real checkpoint sets otherwise is said: it wants beams, a least length and no repetition.
    generation = {  # noqa: RUF012
        "max_new_tokens": 96,
        "min_length": 0,
        "do_sample": False,
        "num_beams": 1,
        "early_stopping": False,
        "length_penalty": 1.0,
        "no_repeat_ngram_size": 0,
    }

    def samples(self) -> Sequence[Sample]:
        return [
            Sample(f"{article.kind}-{index}", article.text, article.truth)
            for index, article in enumerate(articles.articles("test"))
        ]

    def from_hub(self, row: Mapping[str, Any]) -> Sample | None:
        if len(row["article"].split()) > LONGEST:
            return None
        return Sample("", row["article"], " ".join(row["highlights"].split()))

    def accuracy(self, answers: Sequence[str], truths: Sequence[str]) -> float:
        return float(np.mean([_scores(truth, answer)[2] for answer, truth in zip(answers, truths, strict=True)]))

    def metrics(self, answers: Sequence[str], truths: Sequence[str]) -> dict[str, float]:
        scores = [_scores(truth, answer) for answer, truth in zip(answers, truths, strict=True)]
        means = dict(zip(MEASURES, np.mean(scores, axis=0).tolist(), strict=True))
        return {"rouge1": means["rouge1"], "rouge2": means["rouge2"], "exact_match": exact_match(answers, truths)}

    def chance(self, truths: Sequence[str]) -> float:
        """What one of the truths scores on the others: the form of a summary, without its content."""
        return self.accuracy([*truths[1:], truths[0]], truths)


@functools.cache
def _scores(truth: str, answer: str) -> tuple[float, ...]:
    """F1 by measure. A score is resampled a hundred times and computed once."""
    scores = _scorer().score(truth, answer)
    return tuple(float(scores[measure].fmeasure) for measure in MEASURES)


@functools.lru_cache(maxsize=1)
def _scorer() -> Any:
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer(list(MEASURES))
