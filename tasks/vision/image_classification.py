"""Image classification."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from suite.core.runnable import Runnable
from suite.task import Checkpoint, HubDataset, Sample
from suite.task.base import on_device
from suite.task.labels import Labelled
from suite.task.scores import exact_match, macro_f1, majority_share
from suite.task.vision import ImageTask

from ..worlds import portraits

IMAGENETTE = (
    "tench, Tinca tinca",
    "English springer, English springer spaniel",
    "cassette player",
    "chain saw, chainsaw",
    "church, church building",
    "French horn, horn",
    "garbage truck, dustcart",
    "gas pump, gasoline pump, petrol pump, island dispenser",
    "golf ball",
    "parachute, chute",
)
"""The data set's classes, as checkpoints for ImageNet spell them."""
TOP = 5
SCORED_TOGETHER = 32


class ImageClassification(Labelled, ImageTask):
    """Say what a picture shows. Documented with pipeline("image-classification").

    The real data is Imagenette: ten classes of ImageNet, free to fetch where ImageNet itself is not. The checkpoint
    still chooses among all of its thousand classes. Some of these pictures are of ImageNet's training split.
    """

    name = "image-classification"
    auto_class = "AutoModelForImageClassification"
    checkpoints = (
        Checkpoint(
            id="google/vit-base-patch16-224",
            revision="3f49326eb077187dfe1c2a2bb15fbd74e6ab91e3",
            architecture="ViTForImageClassification",
            miniature="image-classification",
            config="vit-base-patch16-224.json",
        ),
    )
    dataset = HubDataset(
        "frgfm/imagenette",
        revision="7c9dc640700ee12352e1c4a8fb6bde6f55798d94",
        split="validation",
        files="320px/validation/*.parquet",
    )
    metric = "accuracy"
    labels = portraits.LABELS

    def samples(self) -> Sequence[Sample]:
        return [
            Sample(f"{portrait.size}-{index}", portrait.image, portrait.name)
            for index, portrait in enumerate(portraits.portraits("test"))
        ]

    def from_hub(self, row: Mapping[str, Any]) -> Sample | None:
        return Sample("", np.asarray(row["image"].convert("RGB")), IMAGENETTE[row["label"]])

    def check_config(self, config: Any) -> None:
        # The classes of the real data serve as well as those of the generated pictures.
        if not set(IMAGENETTE) <= set(config.id2label.values()):
            super().check_config(config)

    def decode(self, outputs: Any, batch: Mapping[str, Any], processor: Any, config: Any) -> list[str]:
        return [self.label(index, config) for index in outputs.logits.argmax(dim=-1).tolist()]

    def check_answer(self, answer: Any) -> str | None:
        return None if isinstance(answer, str) else f"an answer is {type(answer).__name__}, not a label"

    def numbers(self, outputs: Any, batch: Mapping[str, Any]) -> list[np.ndarray]:
        return list(outputs.logits.float().cpu().numpy()[:, None, :])

    def accuracy(self, answers: Sequence[str], truths: Sequence[str]) -> float:
        return exact_match(answers, truths)

    def metrics(self, answers: Sequence[str], truths: Sequence[str]) -> dict[str, float]:
        return {"macro_f1": macro_f1(answers, truths)}

    def probe(self, runnable: Runnable, processor: Any, samples: Sequence[Sample]) -> dict[str, float]:
        """How often the truth is among the five likeliest classes, which answers of one label cannot tell."""
        config = runnable.model.config
        if len(config.id2label) <= TOP:
            return {}
        hits = 0
        for start in range(0, len(samples), SCORED_TOGETHER):
            chosen = samples[start : start + SCORED_TOGETHER]
            batch = on_device(self.encode(processor, [sample.input for sample in chosen]), runnable.device)
            best = self.infer(runnable, batch).logits.topk(TOP, dim=-1).indices.tolist()
            for indices, sample in zip(best, chosen, strict=True):
                hits += sample.truth in {self.label(index, config) for index in indices}
        return {"top_5": hits / len(samples)} if samples else {}

    def chance(self, truths: Sequence[str]) -> float:
        return majority_share(truths)
