"""Summarization."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from suite.task import Checkpoint, HubDataset, Sample
from suite.task.scores import exact_match, references
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

    def accuracy(self, answers: Sequence[str], truths: Sequence[Any]) -> float:
        return float(np.mean([_best(truth, answer)[2] for answer, truth in zip(answers, truths, strict=True)]))

    def metrics(self, answers: Sequence[str], truths: Sequence[Any]) -> dict[str, float]:
        scores = [_best(truth, answer) for answer, truth in zip(answers, truths, strict=True)]
        means = dict(zip(MEASURES, np.mean(scores, axis=0).tolist(), strict=True))
        return {"rouge1": means["rouge1"], "rouge2": means["rouge2"], "exact_match": exact_match(answers, truths)}

    def blind_answers(self, truths: Sequence[Any]) -> list[str]:
        """Each the truth of another: the form of a summary, without its content."""
        first = [references(truth)[0] for truth in truths]
        return [*first[1:], *first[:1]]

    def chance(self, truths: Sequence[Any]) -> float:
        return self.accuracy(self.blind_answers(truths), truths)


def _best(truth: Any, answer: str) -> tuple[float, ...]:
    """F1 by measure, of several references by the one that fits best, measure by measure."""
    each = [_scores(text, answer) for text in references(truth)]
    return tuple(map(max, zip(*each, strict=True)))


@functools.cache
def _scores(truth: str, answer: str) -> tuple[float, ...]:
    """F1 by measure. A score is resampled a hundred times and computed once."""
    scores = _scorer().score(truth, answer)
    return tuple(float(scores[measure].fmeasure) for measure in MEASURES)


@functools.lru_cache(maxsize=1)
def _scorer() -> Any:
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer(list(MEASURES))
