"""Zero-shot classification."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from suite.core.errors import CheckpointError, InvalidInput
from suite.task import Batch, Checkpoint, HubDataset, Sample
from suite.task.declared import Declared
from suite.task.scores import exact_match
from suite.task.text import TextTask, longest_input
from suite.task.truths import check_text

from ..worlds import topics

HYPOTHESIS = "This example is {}."
"""The pipeline's default template."""
NEWS = ("world news", "sports", "business", "science and technology")
"""What the numbers in AG News' `label` stand for."""


class ZeroShotClassification(TextTask):
    """Say which of some labels fits a text. Documented with pipeline("zero-shot-classification").

    An input is a dict with a `text` and its `candidate_labels`. A checkpoint that was trained on natural-language
    inference scores every label as a hypothesis about the text: an input is as many rows as it has labels.
    """

    name = "zero-shot-classification"
    auto_class = "AutoModelForSequenceClassification"
    checkpoints = (
        Checkpoint(
            id="facebook/bart-large-mnli",
            revision="d7645e127eaf1aefc7862fd59a17a5aa8558b8ce",
            architecture="BartForSequenceClassification",
            miniature="zero-shot-classification",
            config="bart-large-mnli.json",
        ),
    )
    dataset = HubDataset(
        "fancyzhx/ag_news",
        revision="eb185aade064a813bc0b7f42de02595523103ca4",
        split="test",
        files="data/test-*.parquet",
    )
    metric = "accuracy over candidate labels"
    one_label = True

    def samples(self) -> Sequence[Sample]:
        samples = []
        for index, choice in enumerate(topics.choices("test")):
            text, labels = choice.text.split(topics.SEPARATOR)
            value = {"text": text, "candidate_labels": labels.split(topics.BETWEEN)}
            samples.append(Sample(f"{choice.kind}-{index}", value, choice.truth))
        return samples

    def from_hub(self, row: Mapping[str, Any]) -> Sample | None:
        return Sample("", {"text": row["text"].strip(), "candidate_labels": list(NEWS)}, NEWS[row["label"]])

    def from_json(self, row: Mapping[str, Any], index: int, folder: Path) -> Sample:
        value = row["input"]
        if not isinstance(value, Mapping) or not {"text", "candidate_labels"} <= set(value):
            raise ValueError('the input must be an object with a "text" and its "candidate_labels"')
        if row["truth"] not in value["candidate_labels"]:
            raise ValueError(f"the truth {row['truth']!r} is not one of the candidate labels")
        return super().from_json(row, index, folder)

    def check_truth(self, truth: Any) -> None:
        check_text(truth)

    def misfit(self, declared: Declared, own_samples: bool) -> str | None:
        # The labels are the input's own; the checkpoint's are about inference, whoever's samples they are.
        return super().misfit(declared, own_samples=False)

    def check_config(self, config: Any) -> None:
        if _entailment(config) is None:
            theirs = ", ".join(str(label) for label in config.id2label.values())
            raise CheckpointError(
                f"The checkpoint's labels ({theirs}) have none for what follows from a text: {self.name} needs a "
                "checkpoint that was trained on natural-language inference, with a label 'entailment'."
            )

    def texts(self, value: Any) -> Sequence[str]:
        if not isinstance(value, Mapping) or not {"text", "candidate_labels"} <= set(value):
            raise InvalidInput(f'{self.name} takes a text and labels: pass a dict with "text" and "candidate_labels".')
        labels = value["candidate_labels"]
        if not isinstance(labels, list | tuple) or not labels:
            raise InvalidInput(f"{self.name} takes a list of candidate labels: pass at least one.")
        return value["text"], *labels

    def check_input(self, value: Any, processor: Any, config: Any) -> None:
        super().check_input(value, processor, config)
        text, *labels = self.texts(value)
        limit = longest_input(processor, config)
        for label in labels:
            length = len(processor(text, HYPOTHESIS.format(label))["input_ids"])
            if limit is not None and length > limit:
                raise InvalidInput(
                    f"{self.name} was given {length} tokens, but this checkpoint takes {limit}: shorten the text."
                )

    def bad_inputs(self, processor: Any, config: Any) -> Mapping[str, Any]:
        good = {"text": "Nothing.", "candidate_labels": ["something"]}
        bad: dict[str, Any] = {
            "empty": good | {"text": ""},
            "blank": good | {"candidate_labels": [" \n"]},
            "wrong-typed": good | {"text": 17},
            "unlabelled": good | {"candidate_labels": []},
            "incomplete": {"text": "Nothing."},
        }
        limit = longest_input(processor, config)
        if limit is not None:
            bad["over-long"] = good | {"text": "again " * limit}
        return bad

    def size_of(self, value: Any) -> int:
        return len(value["text"]) * len(value["candidate_labels"])

    def encode(self, processor: Any, inputs: Sequence[Any]) -> dict[str, Any]:
        rows = [(value["text"], HYPOTHESIS.format(label)) for value in inputs for label in value["candidate_labels"]]
        premises, hypotheses = (list(part) for part in zip(*rows, strict=True))
        encoded = processor(premises, hypotheses, padding=True, return_tensors="pt")
        return Batch(encoded, [tuple(value["candidate_labels"]) for value in inputs])

    def decode(self, outputs: Any, batch: Mapping[str, Any], processor: Any, config: Any) -> list[str]:
        entailment = _entailment(config) or 0
        labels: list[tuple[str, ...]] = batch.notes  # type: ignore[attr-defined]
        return [
            candidates[int(scores[entailment].argmax())]
            for scores, candidates in zip(self.numbers(outputs, batch), labels, strict=True)
        ]

    def numbers(self, outputs: Any, batch: Mapping[str, Any]) -> list[np.ndarray]:
        """A row for each of the checkpoint's classes: how much it says so of each label."""
        logits = outputs.logits.float().cpu().numpy()
        ends = np.cumsum([len(candidates) for candidates in batch.notes])  # type: ignore[attr-defined]
        return [scores.T for scores in np.split(logits, ends[:-1])]

    def accuracy(self, answers: Sequence[str], truths: Sequence[str]) -> float:
        return exact_match(answers, truths)

    def chance(self, truths: Sequence[str]) -> float:
        """What naming the commonest truth would reach, or guessing among as many labels as the world's samples have."""
        return max(topics.GUESSED, *(list(truths).count(label) / len(truths) for label in set(truths)))

    def check_answer(self, answer: Any) -> str | None:
        return None if isinstance(answer, str) else f"an answer is {type(answer).__name__}, not a string"

    def describe(self, value: Any) -> str:
        return f"{value['text']} ({', '.join(value['candidate_labels'])})"


def _entailment(config: Any) -> int | None:
    """The class that says that a label follows from the text."""
    names = {int(index): str(name).lower() for index, name in config.id2label.items()}
    return next((index for index, name in names.items() if name.startswith("entail")), None)
