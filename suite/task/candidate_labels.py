"""The base class of tasks that choose among an input's candidate labels, with a model that scores all texts at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from suite.task import Task
from suite.task.base import notes_of
from suite.task.scores import commonest, exact_match, macro_f1, majority_share
from suite.task.truths import check_text


class CandidateLabelTask(Task):
    """A task whose answer is one of its input's labels, scored by a model with a text encoder beside another.

    The labels of a batch are encoded once for all of its inputs: `encode` keeps `columns(...)` as the batch's notes.
    """

    metric = "accuracy"
    one_label = True
    scores: ClassVar[str]
    """The output that holds (inputs, labels) scores."""

    def columns(self, rows: Sequence[Sequence[str]]) -> tuple[list[str], list[tuple[list[str], list[int]]]]:
        """The different labels of a batch, and for each input its labels with their places among these."""
        labels = list(dict.fromkeys(label for row in rows for label in row))
        place = {label: index for index, label in enumerate(labels)}
        return labels, [(list(row), [place[label] for label in row]) for row in rows]

    def decode(self, outputs: Any, batch: Mapping[str, Any], processor: Any, config: Any) -> list[str]:
        scores = self.numbers(outputs, batch)
        return [labels[int(row.argmax())] for row, (labels, _) in zip(scores, notes_of(batch), strict=True)]

    def numbers(self, outputs: Any, batch: Mapping[str, Any]) -> list[np.ndarray]:
        """The scores of each input's own labels: one position."""
        scores = getattr(outputs, self.scores).float().cpu().numpy()
        return [row[None, places] for row, (_, places) in zip(scores, notes_of(batch), strict=True)]

    def check_answer(self, answer: Any) -> str | None:
        return None if isinstance(answer, str) else f"an answer is {type(answer).__name__}, not one of the labels"

    def accuracy(self, answers: Sequence[str], truths: Sequence[str]) -> float:
        return exact_match(answers, truths)

    def metrics(self, answers: Sequence[str], truths: Sequence[str]) -> dict[str, float]:
        return {"macro_f1": macro_f1(answers, truths)}

    def check_truth(self, truth: Any) -> None:
        check_text(truth)

    def blind_answers(self, truths: Sequence[str]) -> list[str] | None:
        return commonest(truths)

    def chance(self, truths: Sequence[str]) -> float:
        return majority_share(truths)
