"""Image captioning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from suite.task import Checkpoint, HubDataset, Sample
from suite.task.image_text import GenerativeImageTextTask, rgb
from suite.task.scores import reference_lists

from ..worlds import scene_texts


class ImageCaptioning(GenerativeImageTextTask):
    """Say what a picture shows, from the beginning or going on from a prompt. Documented with BlipProcessor."""

    name = "image-captioning"
    auto_class = "AutoModelForImageTextToText"
    checkpoints = (
        Checkpoint(
            id="Salesforce/blip-image-captioning-base",
            revision="82a37760796d32b1411fe092ab5d4e227313294b",
            architecture="BlipForConditionalGeneration",
            miniature="image-captioning",
            config="blip-image-captioning-base.json",
        ),
    )
    dataset = HubDataset(
        "floschne/xm3600",
        revision="8d3e5665526c55a5855cd6ddfbaba2032bc7cee4",
        split="en",
        files="data/en-00000-of-*.parquet",
    )
    metric = "exact match"
    words = "prompt"
    optional = True
    instead_of_nothing = "Say in one short sentence what the picture shows."
    generation = {"max_new_tokens": 24, "do_sample": False, "num_beams": 1}  # noqa: RUF012
    parts = ("vision_model", "text_decoder")

    def samples(self) -> Sequence[Sample]:
        return [
            Sample(f"{example.kind}-{index}", {"image": example.scene.image, "prompt": example.text}, example.truth)
            for index, example in enumerate(scene_texts.captioned("test"))
        ]

    def from_hub(self, row: Mapping[str, Any]) -> Sample | None:
        return Sample("", {"image": rgb(row["image"]), "prompt": ""}, list(row["captions"]))

    def accuracy(self, answers: Sequence[str], truths: Sequence[Any]) -> float:
        return float(np.mean([answer in _list(truth) for answer, truth in zip(answers, truths, strict=True)]))

    def metrics(self, answers: Sequence[str], truths: Sequence[Any]) -> dict[str, float]:
        import sacrebleu

        references = reference_lists(truths)
        return {
            "bleu": sacrebleu.corpus_bleu(list(answers), references).score / 100,
            "chrf": sacrebleu.corpus_chrf(list(answers), references).score / 100,
        }

    def describe_answer(self, answer: Any) -> str:
        return _list(answer)[0]


def _list(truth: Any) -> Sequence[str]:
    """The captions that are right: one, or several people's."""
    return [truth] if isinstance(truth, str) else list(truth)
