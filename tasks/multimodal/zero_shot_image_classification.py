"""Zero-shot image classification."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from suite.task import Batch, Checkpoint, HubDataset, Sample
from suite.task.base import notes_of
from suite.task.image_text import ImageTextTask, rgb

from ..worlds import portraits, scene_texts

WORLD = "zero-shot"
"""The seed of the portraits: others than those that image classification is trained and tested on."""
CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
"""The classes of the evaluation data, which are the candidates there."""


class ZeroShotImageClassification(ImageTextTask):
    """Say which of the candidate labels a picture is. Documented with pipeline("zero-shot-image-classification")."""

    name = "zero-shot-image-classification"
    auto_class = "AutoModelForZeroShotImageClassification"
    checkpoints = (
        Checkpoint(
            id="openai/clip-vit-large-patch14",
            revision="32bd64288804d66eefd0ccbe215aa642df71cc41",
            architecture="CLIPModel",
            miniature="zero-shot-image-classification",
            config="clip-vit-large-patch14.json",
        ),
    )
    dataset = HubDataset(
        "uoft-cs/cifar10",
        revision="0b2714987fa478483af9968de7c934580d0bb9a2",
        split="test",
        files="plain_text/test-*.parquet",
    )
    metric = "accuracy"
    words = "candidate_labels"
    several = True

    def samples(self) -> Sequence[Sample]:
        labels = list(portraits.LABELS)
        return [
            Sample(f"{shown.size}-{index}", {"image": shown.image, "candidate_labels": labels}, shown.name)
            for index, shown in enumerate(portraits.portraits("test", seed=WORLD))
        ]

    def from_hub(self, row: Mapping[str, Any]) -> Sample | None:
        return Sample("", {"image": rgb(row["img"]), "candidate_labels": list(CIFAR10)}, CIFAR10[row["label"]])

    def spoken(self, text: str) -> str:
        return scene_texts.photo_of(text)

    def encode(self, processor: Any, inputs: Sequence[Any]) -> dict[str, Any]:
        # Each text is encoded once for all inputs of the batch; an input looks at the columns of its own labels.
        labels = list(dict.fromkeys(label for value in inputs for label in self.texts(value)))
        place = {label: index for index, label in enumerate(labels)}
        encoded = processor(
            images=[self.image_of(value) for value in inputs],
            text=[self.spoken(label) for label in labels],
            padding=True,
            return_tensors="pt",
        )
        own = [list(self.texts(value)) for value in inputs]
        return Batch(encoded, [(mine, [place[label] for label in mine]) for mine in own])

    def decode(self, outputs: Any, batch: Mapping[str, Any], processor: Any, config: Any) -> list[str]:
        scores = self.numbers(outputs, batch)
        return [labels[int(row.argmax())] for row, (labels, _) in zip(scores, notes_of(batch), strict=True)]

    def numbers(self, outputs: Any, batch: Mapping[str, Any]) -> list[np.ndarray]:
        scores = outputs.logits_per_image.float().cpu().numpy()
        return [row[None, columns] for row, (_, columns) in zip(scores, notes_of(batch), strict=True)]

    def check_answer(self, answer: Any) -> str | None:
        return None if isinstance(answer, str) else f"an answer is {type(answer).__name__}, not one of the labels"

    def accuracy(self, answers: Sequence[str], truths: Sequence[str]) -> float:
        return float(np.mean([answer == truth for answer, truth in zip(answers, truths, strict=True)]))

    def metrics(self, answers: Sequence[str], truths: Sequence[str]) -> dict[str, float]:
        from sklearn.metrics import f1_score

        return {"macro_f1": float(f1_score(truths, answers, labels=sorted(set(truths)), average="macro"))}

    def chance(self, truths: Sequence[str]) -> float:
        return max(list(truths).count(truth) for truth in set(truths)) / len(truths)
