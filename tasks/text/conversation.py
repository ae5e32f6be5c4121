"""Small talk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from suite.core.errors import InvalidInput
from suite.task import Checkpoint, Sample
from suite.task.scores import exact_match
from suite.task.text import GenerativeTextTask

from ..worlds import conversations

BETWEEN = "  "
"""Between two turns: what Blenderbot was trained with."""


class Conversation(GenerativeTextTask):
    """Say what comes next in a conversation.

    An input is what the user said, or a list of the turns, the user's first and last.
    """

    name = "conversation"
    auto_class = "AutoModelForSeq2SeqLM"
    checkpoints = (
        Checkpoint(
            id="facebook/blenderbot-400M-distill",
            revision="eaaf64e3be20ad1f1fb0bdf689565ba52c97eafe",
            architecture="BlenderbotForConditionalGeneration",
            miniature="conversation",
            config="blenderbot-400M-distill.json",
        ),
    )
    metric = "exact reply"
    generation = {"max_new_tokens": 24, "do_sample": False, "num_beams": 1}  # noqa: RUF012

    def samples(self) -> Sequence[Sample]:
        return [
            Sample(f"{example.kind}-{index}", conversations.turns(example), example.truth)
            for index, example in enumerate(conversations.conversations("test"))
        ]

    def check_input(self, value: Any, processor: Any, config: Any) -> None:
        turns = [value] if isinstance(value, str) else value
        if not isinstance(turns, list) or not all(isinstance(turn, str) for turn in turns):
            raise InvalidInput(f"{self.name} takes a string or a list of strings: pass what was said, turn by turn.")
        if not turns or not all(turn.strip() for turn in turns):
            raise InvalidInput(f"{self.name} was given an empty turn: pass at least one word in each.")
        super().check_input(self._joined(value), processor, config)

    def bad_inputs(self, processor: Any, config: Any) -> Mapping[str, Any]:
        return {
            **super().bad_inputs(processor, config),
            "no-turns": [],
            "blank-turn": ["Hello!", " ", "Who are you?"],
            "wrong-typed-turn": ["Hello!", 17],
        }

    def size_of(self, value: Any) -> int:
        return len(self._joined(value))

    def encode(self, processor: Any, inputs: Sequence[Any]) -> dict[str, Any]:
        return super().encode(processor, [self._joined(value) for value in inputs])

    def _joined(self, value: Any) -> str:
        return value if isinstance(value, str) else BETWEEN.join(value)

    def accuracy(self, answers: Sequence[str], truths: Sequence[str]) -> float:
        return exact_match(answers, truths)

    def describe(self, value: Any) -> str:
        if isinstance(value, str):
            return value
        return "\n".join(f"{'bot' if place % 2 else 'user'}: {turn}" for place, turn in enumerate(value))
