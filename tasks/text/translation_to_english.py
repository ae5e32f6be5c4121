"""Translation into English."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from suite.task import Checkpoint, HubDataset, Sample
from suite.task.translation import TranslationTask

from ..worlds import translations


class TranslationToEnglish(TranslationTask):
    """Translate French into English. Documented with pipeline("translation") on a Marian checkpoint."""

    name = "translation-to-english"
    languages = ("fr", "en")
    checkpoints = (
        Checkpoint(
            id="Helsinki-NLP/opus-mt-fr-en",
            revision="c4aed37b318c763fd177aa449b44e3b783cc6c02",
            architecture="MarianMTModel",
            miniature="translation-to-english",
            config="opus-mt-fr-en.json",
        ),
    )
    dataset = HubDataset(
        "wmt/wmt14",
        revision="b199e406369ec1b7634206d3ded5ba45de2fe696",
        split="test",
        name="fr-en",
        files="fr-en/test-*.parquet",
    )

    def samples(self) -> Sequence[Sample]:
        return [
            Sample(f"{pair.kind}-{index}", pair.text, pair.truth)
            for index, pair in enumerate(translations.pairs_from_french("test"))
        ]

    def from_hub(self, row: Mapping[str, Any]) -> Sample | None:
        return Sample("", row["translation"]["fr"], row["translation"]["en"])
