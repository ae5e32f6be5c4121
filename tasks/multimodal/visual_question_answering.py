"""Visual question answering."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from suite.task import Checkpoint, HubDataset, Sample
from suite.task.image_text import GenerativeImageTextTask, rgb
from suite.task.scores import commonest

from ..worlds import scene_texts

ENOUGH = 3
"""So many people who gave an answer make it fully right."""


class VisualQuestionAnswering(GenerativeImageTextTask):
    """Answer a question about a picture in a word or two. Documented with BlipForQuestionAnswering."""

    name = "visual-question-answering"
    auto_class = "AutoModelForVisualQuestionAnswering"
    checkpoints = (
        Checkpoint(
            id="Salesforce/blip-vqa-base",
            revision="787b3d35d57e49572baabd22884b3d5a05acf072",
            architecture="BlipForQuestionAnswering",
            miniature="visual-question-answering",
            config="blip-vqa-base.json",
        ),
    )
    dataset = HubDataset(
        "lmms-lab/VQAv2",
        revision="32665d35052eb4a6d4414851c3c829a72754915a",
        split="validation",
        files="data/validation-00000-of-*.parquet",
    )
    metric = "VQA accuracy"
    words = "question"
    generation = {"max_new_tokens": 8, "do_sample": False, "num_beams": 1}  # noqa: RUF012
    parts = ("vision_model", "text_encoder", "text_decoder")

    def samples(self) -> Sequence[Sample]:
        return [
            Sample(f"{example.kind}-{index}", {"image": example.scene.image, "question": example.text}, example.truth)
            for index, example in enumerate(scene_texts.questioned("test"))
        ]

    def from_hub(self, row: Mapping[str, Any]) -> Sample | None:
        answers = [answer["answer"] for answer in row["answers"]]
        return Sample("", {"image": rgb(row["image"]), "question": row["question"]}, answers)

    def accuracy(self, answers: Sequence[str], truths: Sequence[Any]) -> float:
        return float(np.mean([right(answer, truth) for answer, truth in zip(answers, truths, strict=True)]))

    def metrics(self, answers: Sequence[str], truths: Sequence[Any]) -> dict[str, float]:
        same = [answer == _common(truth) for answer, truth in zip(answers, truths, strict=True)]
        return {"exact_match": float(np.mean(same))}

    def blind_answers(self, truths: Sequence[Any]) -> list[str]:
        return commonest(list(map(_common, truths)))

    def chance(self, truths: Sequence[Any]) -> float:
        """Of the answer that is given most often, whatever is asked."""
        return self.accuracy(self.blind_answers(truths), truths)

    def describe_answer(self, answer: Any) -> str:
        return _common(answer)


def right(answer: str, truth: Any) -> float:
    """How right an answer is: 0 or 1 against one truth; against several people's, a third for each that says the same.

    Of ten people each is left out once, and the rest asked, as the metric's authors do.
    """
    if isinstance(truth, str):
        return float(answer == truth)
    same = [person == answer for person in truth]
    total = sum(same)
    if len(same) < 2:
        return float(total)
    return float(np.mean([min((total - one) / min(ENOUGH, len(same) - 1), 1.0) for one in same]))


def _common(truth: Any) -> str:
    return truth if isinstance(truth, str) else Counter(truth).most_common(1)[0][0]
