"""Training a classifier of texts: an encoder gets a head for the classes of the training samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from suite.core.errors import UsageError
from suite.core.printable import listed
from suite.task import families
from suite.task.base import Sample
from suite.task.declared import Declared
from suite.task.text import TextClassification
from suite.task.training import TrainingTask

MOST_CLASSES = 1000


class ClassifierTraining(TrainingTask, TextClassification):
    """A text classifier that is made of a checkpoint of any class that has an encoder of the kind.

    The head that the checkpoint may have is replaced unless it is for the same classes.
    """

    auto_class = "AutoModelForSequenceClassification"
    metric = "accuracy"
    preload = ("Trainer", "TrainingArguments")

    def takes(self, declared: Declared) -> bool:
        return self.auto_class in declared.related_classes

    def misfit(self, declared: Declared, own_samples: bool) -> str | None:
        """Whatever its labels are: its head is made anew."""
        return families.more_than_text(declared)

    def check_config(self, config: Any) -> None:
        """The head is made for the training samples' classes."""

    def classes(self, samples: Sequence[Sample]) -> Sequence[str]:
        by_case = {str(sample.truth).strip().lower(): str(sample.truth).strip() for sample in reversed(samples)}
        names = list(by_case.values())
        if not 2 <= len(names) <= MOST_CLASSES:
            raise UsageError(
                f"The training samples of {self.name} have {len(names)} different truths ({listed(names)}), and a "
                f"classifier needs 2 to {MOST_CLASSES}: give each row the label that it belongs to."
            )
        return sorted(names)

    def set_classes(self, config: Any, names: Sequence[str]) -> bool:
        own = [str(name) for _, name in sorted(config.id2label.items())]
        is_new = sorted(map(str.lower, own)) != sorted(map(str.lower, names))
        chosen = list(names) if is_new else own  # in its own order, or its head would mean others
        config.id2label = dict(enumerate(chosen))
        config.label2id = {name: index for index, name in enumerate(chosen)}
        config.problem_type = "single_label_classification"
        return is_new

    def lesson(self, processor: Any, samples: Sequence[Sample], config: Any) -> Sequence[Mapping[str, Any]]:
        encoded = processor([self.task_prefix + sample.input for sample in samples])
        numbers = {str(name).lower(): index for index, name in config.id2label.items()}
        return [
            {
                **{name: values[place] for name, values in encoded.items()},
                "labels": numbers[str(sample.truth).strip().lower()],
            }
            for place, sample in enumerate(samples)
        ]

    def collate(self, processor: Any, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        import torch

        inputs = [{name: value for name, value in row.items() if name != "labels"} for row in rows]
        padded = processor.pad(inputs, return_tensors="pt")
        return {**padded, "labels": torch.tensor([row["labels"] for row in rows])}

    def decode(self, outputs: Any, batch: Mapping[str, Any], processor: Any, config: Any) -> list[str]:
        return [str(config.id2label[index]) for index in outputs.logits.argmax(dim=-1).tolist()]

    def own_label(self, label: Any, config: Any) -> str:
        """A test sample's truth: a class of the training samples by its name, or as these have it."""
        names = {str(name).lower(): str(name) for name in config.id2label.values()}
        found = names.get(str(label).strip().lower())
        if found is None:
            raise UsageError(
                f"the truth {str(label)!r} is not one of the training samples' ({listed(sorted(names.values()), 20)}), "
                "and what was never shown is never answered: correct it, or add examples of it to --train-samples"
            )
        return found
