"""The base class of tasks whose answers are labels of a closed set, for texts and pictures alike."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from suite.core.errors import CheckpointError, UsageError
from suite.core.printable import listed
from suite.task import Task
from suite.task.declared import Declared
from suite.task.scores import commonest
from suite.task.truths import check_label


class Labelled(Task):
    """A task whose answers are labels.

    A label is a name for one of the checkpoint's classes. Checkpoints, data sets and users spell labels differently
    (`LABEL_1`, `pos`, `1`), so neither answers nor truths are compared as they come: `class_of` finds the class that a
    word names, `label` gives the one word that this task uses for a class. The task's own truths are in those words
    already; a checkpoint that lacks one of them is refused by `check_config`. Truths of the user's own go through
    `class_of` and `label`, so that any labelled data can be used with any checkpoint that has those classes.
    """

    one_label = True

    def label(self, index: int, config: Any) -> str:
        """The task's own word for a checkpoint's class `index`; the checkpoint's where the task has none."""
        raw = str(config.id2label[index])
        return self._canonical(raw, config) or raw

    def class_of(self, label: Any, config: Any) -> int | None:
        """The checkpoint's class that a label means: its name in any case, the task's word for it, or its index."""
        if isinstance(label, bool) or not isinstance(label, str | int):
            return None
        word = str(label).strip().lower()
        names = {int(index): str(name).lower() for index, name in config.id2label.items()}
        for index, name in names.items():
            if word == name:
                return index
        canonical = self._canonical(word, config)
        for index, name in names.items():
            if canonical is not None and canonical == self._canonical(name, config):
                return index
        number = word.removeprefix("label_")
        return int(number) if number.isdecimal() and int(number) in names else None

    def canonical(self, label: str) -> str | None:
        """The task's spelling of a label, or `None`."""
        by_case = {known.lower(): known for known in self.labels}
        return by_case.get(label.lower()) or self.label_aliases.get(label.lower())

    def _canonical(self, label: str, config: Any) -> str | None:
        """`canonical`, but a numbered label says nothing where the checkpoint has other classes than the task."""
        numbered = label.lower().startswith("label_")
        return None if numbered and len(config.id2label) != len(self.labels) else self.canonical(label)

    def own_label(self, label: Any, config: Any) -> str:
        """A label of the user's in the word that answers use.

        Raises:
            UsageError: the checkpoint has no such class.
        """
        index = self.class_of(label, config)
        if index is None:
            theirs = listed([str(name) for name in config.id2label.values()], 20)
            way_out = "write one of these or its index"
            if are_numbered(config):
                way_out = "its classes have no names: set id2label in its config.json, or write their indices"
            raise UsageError(f"the label {label!r} is not one of the checkpoint's ({theirs}): {way_out}")
        return self.label(index, config)

    def adapt(self, directory: Path, config: Any) -> dict[str, Any]:
        """As every task; and by which of two tables the classes are named where they contradict each other."""
        notes = super().adapt(directory, config)
        numbers = getattr(config, "label2id", None) or {}
        names = {str(name): int(index) for index, name in config.id2label.items()}
        if any(numbers[name] != index for name, index in names.items() if name in numbers):
            notes["labels"] = "by id2label, which label2id contradicts"
        return notes

    def check_truth(self, truth: Any) -> None:
        """A label by its name or index; overridden where a truth is several."""
        check_label(truth)

    def blind_answers(self, truths: Sequence[Any]) -> list[Any] | None:
        """The commonest label; overridden where a truth is several."""
        return commonest(truths)

    def own_truth(self, truth: Any, config: Any) -> Any:
        """A label of the user's in the word that answers use; overridden where a truth is several."""
        return self.own_label(truth, config)

    def misfit(self, declared: Declared, own_samples: bool) -> str | None:
        """As every task's; and labels that are none, a number for an answer, or several labels at a time."""
        if declared.label_problem:
            return declared.label_problem
        return (self._other_answers(declared) if self.one_label else None) or super().misfit(declared, own_samples)

    def _other_answers(self, declared: Declared) -> str | None:
        """Why an answer of the checkpoint's head is no label among several; `None` where it is."""
        problem = declared.config.get("problem_type")
        if problem == "regression" or (problem is None and len(declared.labels) == 1):
            return (
                f"the checkpoint answers with a number (its problem_type is regression, or it has one label), and "
                f"{self.name} compares labels: pass a classifier"
            )
        if problem == "multi_label_classification":
            return (
                f"the checkpoint gives any number of labels at a time (problem_type multi_label_classification), and "
                f"{self.name} compares one label with one truth: pass a classifier that gives one"
            )
        if len(declared.labels) == 1:
            return (
                f"the checkpoint has one label, which is all that it can answer, and {self.name} asks which of several "
                "it is: pass a classifier with two or more"
            )
        return None

    def check_config(self, config: Any) -> None:
        """Whether the checkpoint has a class for each of the task's labels.

        Raises:
            CheckpointError: it lacks one.
        """
        theirs = [str(label) for label in config.id2label.values()]
        mapped = {self._canonical(label, config) for label in theirs}
        if not set(self.labels) <= mapped:
            raise CheckpointError(
                f"The checkpoint's labels ({', '.join(theirs)}) cannot be mapped to those of {self.name} "
                f"({', '.join(self.labels)}): set id2label in its config.json, or bring your own labelled data "
                "with --samples."
            )


def are_numbered(config: Any) -> bool:
    """Whether the checkpoint's classes bear numbers alone: LABEL_0, LABEL_1."""
    names = [str(name).lower() for name in config.id2label.values()]
    return all(name.startswith("label_") and name.removeprefix("label_").isdecimal() for name in names)
