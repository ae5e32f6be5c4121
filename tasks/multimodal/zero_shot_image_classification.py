"""Zero-shot image classification."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from suite.task import Batch, Checkpoint, HubDataset, Sample, families
from suite.task.candidate_labels import CandidateLabelTask
from suite.task.image_text import ImageTextTask, rgb

from ..worlds import portraits, scene_texts

WORLD = "zero-shot"
"""The seed of the portraits: others than those that image classification is trained and tested on."""
CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
"""The classes of the evaluation data, which are the candidates there."""


class ZeroShotImageClassification(CandidateLabelTask, ImageTextTask):
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
    scores = "logits_per_image"
    words = "candidate_labels"
    several = True
    padding: bool | str = True

    def samples(self) -> Sequence[Sample]:
        labels = list(portraits.LABELS)
        return [
            Sample(f"{portrait.size}-{index}", {"image": portrait.image, "candidate_labels": labels}, portrait.name)
            for index, portrait in enumerate(portraits.portraits("test", seed=WORLD))
        ]

    def from_hub(self, row: Mapping[str, Any]) -> Sample | None:
        return Sample("", {"image": rgb(row["img"]), "candidate_labels": list(CIFAR10)}, CIFAR10[row["label"]])

    def adapt(self, directory: Path, config: Any) -> dict[str, Any]:
        self.padding = families.padding(config)
        return {} if self.padding is True else {"padding": self.padding}

    def as_text(self, text: str) -> str:
        return scene_texts.photo_of(text)

    def encode(self, processor: Any, inputs: Sequence[Any]) -> dict[str, Any]:
        labels, columns = self.columns([self.texts(value) for value in inputs])
        encoded = processor(
            images=[self.image_of(value) for value in inputs],
            text=[self.as_text(label) for label in labels],
            padding=self.padding,
            return_tensors="pt",
        )
        return Batch(encoded, columns)
