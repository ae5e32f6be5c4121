"""Image-text retrieval."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from suite.task import Checkpoint, HubDataset, Sample
from suite.task.base import notes_of, on_device
from suite.task.image_text import ImageTextTask, repeated, rgb
from suite.task.scores import exact_match
from suite.task.truths import check_text

from ..worlds import scene_texts

if TYPE_CHECKING:
    from suite.core.runnable import Runnable

PROBED = 100
"""Samples whose pairs are ranked together."""
TOGETHER = 16


class ImageTextRetrieval(ImageTextTask):
    """Find the caption that is true of a picture. Documented with BlipForImageTextRetrieval.

    Each caption with its picture is a row of the batch; how many belong to one picture is in the batch's notes.
    """

    name = "image-text-retrieval"
    auto_class = "BlipForImageTextRetrieval"
    checkpoints = (
        Checkpoint(
            id="Salesforce/blip-itm-base-coco",
            revision="bed8ad38cb2d04a5a4bdf2d071b3c3c0a4aa724c",
            architecture="BlipForImageTextRetrieval",
            miniature="image-text-retrieval",
            config="blip-itm-base-coco.json",
        ),
    )
    dataset = HubDataset(
        "gowitheflow/ARO-Visual-Attribution", revision="18f7e01358d91df599d723f00e16a18640e19398", split="test"
    )
    metric = "recall@1 among the captions of a picture"
    words = "captions"
    several = True

    def samples(self) -> Sequence[Sample]:
        examples = scene_texts.confusable("test")
        return [
            Sample(
                str(index),
                {"image": example.scene.image, "captions": _mixed(example.truth, example.others)},
                example.truth,
            )
            for index, example in enumerate(examples)
        ]

    def from_hub(self, row: Mapping[str, Any]) -> Sample | None:
        right = row["true_caption"]
        return Sample("", {"image": rgb(row["image"]), "captions": _mixed(right, [row["false_caption"]])}, right)

    def from_json(self, row: Mapping[str, Any], index: int, folder: Path) -> Sample:
        if row["truth"] not in row["input"]["captions"]:
            raise ValueError("the truth is not one of the captions")
        return super().from_json(row, index, folder)

    def encode(self, processor: Any, inputs: Sequence[Any]) -> dict[str, Any]:
        captions = [list(self.texts(value)) for value in inputs]
        images = [self.image_of(value) for value in inputs]
        batch = processor(images=images, text=list(chain.from_iterable(captions)), padding=True, return_tensors="pt")
        return repeated(batch, list(map(len, captions)), captions)

    def decode(self, outputs: Any, batch: Mapping[str, Any], processor: Any, config: Any) -> list[str]:
        margins = self.numbers(outputs, batch)
        return [captions[int(margin.argmax())] for margin, captions in zip(margins, notes_of(batch), strict=True)]

    def numbers(self, outputs: Any, batch: Mapping[str, Any]) -> list[np.ndarray]:
        """Per picture how much more each of its captions matches than not, in log-odds: one position."""
        scores = outputs.itm_score.float().cpu().numpy()
        margins = scores[:, 1] - scores[:, 0]
        counts = [len(captions) for captions in notes_of(batch)]
        return [part[None] for part in np.split(margins, np.cumsum(counts)[:-1])]

    def accuracy(self, answers: Sequence[str], truths: Sequence[str]) -> float:
        return exact_match(answers, truths)

    def probe(self, runnable: Runnable, processor: Any, samples: Sequence[Sample]) -> dict[str, float]:
        """The area under the ROC curve of "it matches", over the pairs of many pictures."""
        from sklearn.metrics import roc_auc_score

        margins: list[float] = []
        matching: list[bool] = []
        for start in range(0, min(PROBED, len(samples)), TOGETHER):
            chosen = samples[start : min(start + TOGETHER, PROBED)]
            batch = on_device(self.encode(processor, [sample.input for sample in chosen]), runnable.device)
            for rows, sample in zip(self.numbers(self.infer(runnable, batch), batch), chosen, strict=True):
                margins += rows[0].tolist()
                matching += [caption == sample.truth for caption in self.texts(sample.input)]
        finite = np.nan_to_num(margins)
        return {"matching_auc": float(roc_auc_score(matching, finite)) if len(set(matching)) == 2 else float("nan")}

    def chance(self, truths: Sequence[str]) -> float:
        """One of the captions at random; of the world's own, which are as many for each picture."""
        return 1 / (1 + scene_texts.WRONG)

    def check_truth(self, truth: Any) -> None:
        check_text(truth)


def _mixed(right: str, others: Sequence[str]) -> list[str]:
    """The captions in an order that tells nothing."""
    return sorted((right, *others), key=lambda text: hashlib.sha256(text.encode()).digest())
