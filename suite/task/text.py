"""The base classes of text tasks: inputs that are strings; answers that are labels or generated texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from suite.core.errors import InvalidInput
from suite.task import Task, families
from suite.task.declared import Declared
from suite.task.labels import Labelled
from suite.task.scores import commonest, exact_match, macro_f1, majority_share, references
from suite.task.truths import check_texts

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
    prefixes: ClassVar[Mapping[str, str]] = {}
    """Of this capability the name in `task_specific_params`, and what families that were trained on several tasks at a
    time document as its prefix."""
    task_prefix: str = ""
    """What stands before each text for the checkpoint at hand."""

    def adapt(self, directory: Path, config: Any) -> dict[str, Any]:
        for name, documented in self.prefixes.items():
            self.task_prefix = families.prefix(config, name, documented)
        return {"prefix": self.task_prefix} if self.task_prefix else {}

    def misfit(self, declared: Declared, own_samples: bool) -> str | None:
        return families.more_than_text(declared) or super().misfit(declared, own_samples)

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


class LabelTask(Labelled, TextTask):
    """A text task whose answers are labels."""


class TextClassification(LabelTask):
    """A text task whose answer is the largest of a head's classes."""

    def numbers(self, outputs: Any, batch: Mapping[str, Any]) -> list[np.ndarray]:
        return list(outputs.logits.float().cpu().numpy()[:, None, :])

    def accuracy(self, answers: Sequence[str], truths: Sequence[str]) -> float:
        return exact_match(answers, truths)

    def metrics(self, answers: Sequence[str], truths: Sequence[str]) -> dict[str, float]:
        return {"macro_f1": macro_f1(answers, truths)}

    def chance(self, truths: Sequence[str]) -> float:
        return majority_share(truths)


class GenerativeTextTask(TextTask):
    """A text task answered by `generate()`. A truth is a text, or a list of several that are right."""

    def check_truth(self, truth: Any) -> None:
        check_texts(truth)

    def blind_answers(self, truths: Sequence[Any]) -> list[Any] | None:
        return commonest(truths)

    def describe_answer(self, answer: Any) -> str:
        return " / ".join(map(str, references(answer)))

    def check_answer(self, answer: Any) -> str | None:
        return None if isinstance(answer, str) else f"an answer is {type(answer).__name__}, not a string"

    def decode(self, outputs: Any, batch: Mapping[str, Any], processor: Any, config: Any) -> list[str]:
        return [text.strip() for text in processor.batch_decode(outputs.tokens, skip_special_tokens=True)]

    def numbers(self, outputs: Any, batch: Mapping[str, Any]) -> list[np.ndarray]:
        scores: list[np.ndarray] = outputs.scores()
        return scores
