"""Translation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from suite.task import Checkpoint, HubDataset, Sample
from suite.task.translation import TranslationTask

from ..worlds import translations


class Translation(TranslationTask):
    """Translate English into French. Documented with pipeline("translation_en_to_fr")."""

    name = "translation"
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
    languages = ("en", "fr")
    prefixes = {"translation_en_to_fr": "translate English to French: "}  # noqa: RUF012

    def samples(self) -> Sequence[Sample]:
        return [
            Sample(f"{pair.kind}-{index}", pair.text, pair.truth)
            for index, pair in enumerate(translations.pairs("test"))
        ]

    def from_hub(self, row: Mapping[str, Any]) -> Sample | None:
        return Sample("", row["translation"]["en"], row["translation"]["fr"])
