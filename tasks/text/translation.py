"""Translation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from suite.task import Checkpoint, HubDataset, Sample
from suite.task.text import GenerativeTextTask

from ..worlds import translations


class Translation(GenerativeTextTask):
    """Translate English into French. Documented with pipeline("translation_en_to_fr")."""

    name = "translation"
    auto_class = "AutoModelForSeq2SeqLM"
    checkpoints = (
        Checkpoint(
            id="google-t5/t5-base",
            revision="a9723ea7f1b39c1eae772870f3b547bf6ef7e6c1",
            architecture="T5ForConditionalGeneration",
            miniature="translation",
            config="t5-base.json",
        ),
    )
    dataset = HubDataset(
        "wmt/wmt14",
        revision="b199e406369ec1b7634206d3ded5ba45de2fe696",
        split="test",
        name="fr-en",
        files="fr-en/test-*.parquet",
    )
    metric = "exact match"
    task_prefix = "translate English to French: "
    generation = {"max_new_tokens": 48, "do_sample": False, "num_beams": 1}  # noqa: RUF012

    def samples(self) -> Sequence[Sample]:
        return [
            Sample(f"{pair.kind}-{index}", pair.text, pair.truth)
            for index, pair in enumerate(translations.pairs("test"))
        ]

    def from_hub(self, row: Mapping[str, Any]) -> Sample | None:
        return Sample("", row["translation"]["en"], row["translation"]["fr"])

    def accuracy(self, answers: Sequence[str], truths: Sequence[str]) -> float:
        return float(np.mean([answer == truth for answer, truth in zip(answers, truths, strict=True)]))

    def metrics(self, answers: Sequence[str], truths: Sequence[str]) -> dict[str, float]:
        import sacrebleu

        answers, references = list(answers), [list(truths)]
        return {
            "chrf": sacrebleu.corpus_chrf(answers, references).score / 100,
            "bleu": sacrebleu.corpus_bleu(answers, references).score / 100,
        }
