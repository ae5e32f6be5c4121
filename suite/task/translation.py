"""The base class of translation tasks: greedy generation, exact match, chrF and BLEU."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from suite.core.printable import shortened
from suite.task.declared import Declared
from suite.task.scores import exact_match, reference_lists
from suite.task.text import GenerativeTextTask


class TranslationTask(GenerativeTextTask):
    """A task that translates a text, with a translation, or several, as the truth."""

    auto_class = "AutoModelForSeq2SeqLM"
    metric = "exact match"
    languages: ClassVar[tuple[str, str] | None] = None
    """From and to, as the world's samples have them, where the task is for one pair."""
    generation = {"max_new_tokens": 48, "do_sample": False, "num_beams": 1}  # noqa: RUF012

    def misfit(self, declared: Declared, own_samples: bool) -> str | None:
        """As every task's; and a checkpoint whose tokenizer says that it is for another pair of languages."""
        pair = tuple(declared.tokenizer.get(name) for name in ("source_lang", "target_lang"))
        if self.languages and not own_samples and all(isinstance(code, str) and code for code in pair):
            own, ours = (tuple(str(code).lower()[:2] for code in codes) for codes in (pair, self.languages))
            if own != ours:
                return (
                    f"the checkpoint translates from {shortened(str(pair[0]))} to {shortened(str(pair[1]))}, and the "
                    f"samples of {self.name} are from {self.languages[0]} to {self.languages[1]}: pass your own with "
                    "--samples"
                )
        return super().misfit(declared, own_samples)

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
