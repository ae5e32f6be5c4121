"""What text tasks have in common: inputs that are sentences, and answers that are generated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from suite.errors import CheckpointError, InvalidInput, UsageError
from suite.task import Task

LENGTH_KEYS = ("max_position_embeddings", "n_positions")


def longest_input(processor: Any, config: Any) -> int | None:
    """The number of tokens that a checkpoint can take, from its config and tokenizer; `None` if unbounded."""
    limits = [getattr(config, key, None) for key in LENGTH_KEYS]
    limits.append(getattr(processor, "model_max_length", None))
    known = [limit for limit in limits if isinstance(limit, int) and 0 < limit < 10**9]
    return min(known, default=None)


class TextTask(Task):
    """A task whose input is one string."""

    modality = "text"
    task_prefix: ClassVar[str] = ""

    def texts(self, value: Any) -> Sequence[str]:
        """The strings in one input; more than one where the input is a pair."""
        return (value,)

    def check_input(self, value: Any, processor: Any, config: Any) -> None:
        limit = longest_input(processor, config)
        for text in self.texts(value):
            if not isinstance(text, str):
                raise InvalidInput(f"{self.name} takes a string, not {type(text).__name__}: pass the text itself.")
            if not text.strip():
                raise InvalidInput(f"{self.name} was given an empty text: pass at least one word.")
            length = len(processor(self.task_prefix + text)["input_ids"])
            room = 0 if self.generation is None or config.is_encoder_decoder else self.generation["max_new_tokens"]
            if limit is not None and length + room > limit:
                raise InvalidInput(
                    f"{self.name} was given {length} tokens, but this checkpoint takes {limit - room}: "
                    "shorten the text."
                )

    def bad_inputs(self, processor: Any, config: Any) -> Mapping[str, Any]:
        bad: dict[str, Any] = {"empty": "", "blank": "  \n", "wrong-typed": 17}
        limit = longest_input(processor, config)
        if limit is not None:
            bad["over-long"] = "again " * (limit + 1)
        return bad

    def encode(self, processor: Any, inputs: Sequence[Any]) -> dict[str, Any]:
        texts = [self.task_prefix + text for value in inputs for text in self.texts(value)]
        return dict(processor(texts, padding=True, return_tensors="pt"))


class LabelTask(TextTask):
    """A text task whose answers are labels.

    A label is a name for one of the checkpoint's classes. Checkpoints, data sets and users spell labels differently
    (`LABEL_1`, `pos`, `1`), so neither answers nor truths are compared as they come: `class_of` finds the class that a
    word names, `label` gives the one word that this task uses for a class. The task's own truths are in those words
    already; a checkpoint that lacks one of them is refused by `check_config`. Truths of the user's own go through
    `class_of` and `label`, so that any labelled data can be used with any checkpoint that has those classes.
    """

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
            theirs = ", ".join(str(name) for name in config.id2label.values())
            raise UsageError(
                f"the label {label!r} is none of the checkpoint's ({theirs}): write one of these or its index"
            )
        return self.label(index, config)

    def own_truth(self, truth: Any, config: Any) -> Any:
        return self.own_label(truth, config)

    def check_config(self, config: Any) -> None:
        theirs = [str(label) for label in config.id2label.values()]
        mapped = {self._canonical(label, config) for label in theirs}
        if not set(self.labels) <= mapped:
            raise CheckpointError(
                f"The checkpoint's labels ({', '.join(theirs)}) cannot be mapped to those of {self.name} "
                f"({', '.join(self.labels)}): set id2label in its config.json, or bring your own labelled data "
                "with --samples."
            )


class GenerativeTextTask(TextTask):
    """A text task answered by `generate()`."""

    def check_answer(self, answer: Any) -> str | None:
        return None if isinstance(answer, str) else f"an answer is {type(answer).__name__}, not a string"

    def decode(self, outputs: Any, batch: Mapping[str, Any], processor: Any, config: Any) -> list[str]:
        return [text.strip() for text in processor.batch_decode(outputs.tokens, skip_special_tokens=True)]

    def numbers(self, outputs: Any, batch: Mapping[str, Any]) -> list[np.ndarray]:
        return [
            scores[:length].float().cpu().numpy()
            for scores, length in zip(outputs.logits, outputs.lengths, strict=True)
        ]
