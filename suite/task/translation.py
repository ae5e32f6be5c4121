"""The base class of translation tasks: greedy generation, exact match, chrF and BLEU."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from suite.task.scores import exact_match, reference_lists
from suite.task.text import GenerativeTextTask


class TranslationTask(GenerativeTextTask):
    """A task that translates a text, with a translation, or several, as the truth."""

    auto_class = "AutoModelForSeq2SeqLM"
    metric = "exact match"
    generation = {"max_new_tokens": 48, "do_sample": False, "num_beams": 1}  # noqa: RUF012

    def accuracy(self, answers: Sequence[str], truths: Sequence[Any]) -> float:
        return exact_match(answers, truths)

    def metrics(self, answers: Sequence[str], truths: Sequence[Any]) -> dict[str, float]:
        """chrF and BLEU over the corpus and all references, 0 to 1."""
        import sacrebleu

        lists = reference_lists(truths)
        return {
            "chrf": sacrebleu.corpus_chrf(list(answers), lists).score / 100,
            "bleu": sacrebleu.corpus_bleu(list(answers), lists).score / 100,
        }
