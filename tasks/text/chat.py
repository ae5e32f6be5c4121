"""Chat with an assistant that was told how to answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from suite.core.errors import CheckpointError, InvalidInput
from suite.core.printable import first_line
from suite.task import Checkpoint, Sample
from suite.task.declared import Declared
from suite.task.scores import commonest, exact_match
from suite.task.text import GenerativeTextTask, longest_input

from ..worlds import chats

ROLES = ("system", "user", "assistant")
Message = Mapping[str, str]
TEMPLATES = ("chat_template.jinja", "chat_template.json", "additional_chat_templates")
"""Where a tokenizer's template may lie beside its config."""
WITHOUT_TEMPLATE = (
    "The tokenizer has no chat template, so this checkpoint was not made for chats: pass an instruct model."
)

HELLO = {"role": "user", "content": "Hello!"}


class Chat(GenerativeTextTask):
    """Reply to the last of several messages as the first one wants it. Documented with `apply_chat_template`.

    An input is a list of messages, `{"role": "user", "content": "..."}`; the system's comes first, if there is one. A
    truth is the reply with the rule that the system message set.
    """

    name = "chat"
    auto_class = "AutoModelForCausalLM"
    checkpoints = (
        Checkpoint(
            id="HuggingFaceTB/SmolLM2-360M-Instruct",
            revision="a10cc1512eabd3dde888204e902eca88bddb4951",
            architecture="LlamaForCausalLM",
            miniature="chat",
            config="SmolLM2-360M-Instruct.json",
        ),
    )
    metric = "exact reply"
    generation = {"max_new_tokens": 24, "do_sample": False, "num_beams": 1}  # noqa: RUF012
    is_without_system = False

    def samples(self) -> Sequence[Sample]:
        return [
            Sample(
                f"{example.kind.partition('-')[0]}-{index}",
                chats.messages(example),
                {"reply": example.truth, "rule": chats.rule(example)},
            )
            for index, example in enumerate(chats.chats("test"))
        ]

    def misfit(self, declared: Declared, own_samples: bool) -> str | None:
        said = declared.tokenizer.get("chat_template") or declared.has(*TEMPLATES)
        return super().misfit(declared, own_samples) if said else WITHOUT_TEMPLATE

    def misfit_of_processor(self, processor: Any, config: Any, own_samples: bool) -> str | None:
        if not processor.chat_template:
            return WITHOUT_TEMPLATE
        try:
            tokens = self._tokens(processor, [[HELLO]])["input_ids"][0]
        except Exception as error:  # a template is a program, which raises whatever it likes
            return f"the chat template cannot be used ({first_line(error)}): correct it"
        return None if len(tokens) else "the chat template makes nothing of a message: correct it"

    def adapt_to_processor(self, processor: Any) -> dict[str, Any]:
        """Of a template that knows no system message, put what it says before what the user says first."""
        try:
            self._tokens(processor, [[{"role": "system", "content": "Be kind."}, HELLO]])
        except Exception:
            self.is_without_system = True
            return {"system": "before the user's first message, since the chat template takes no system message"}
        return {}

    def check_input(self, value: Any, processor: Any, config: Any) -> None:
        if not processor.chat_template:
            raise CheckpointError(WITHOUT_TEMPLATE)
        self._check_messages(value)
        length = len(self._tokens(processor, [value])["input_ids"][0])
        limit = longest_input(processor, config)
        room = self.generation["max_new_tokens"] if self.generation else 0
        if limit is not None and length + room > limit:
            raise InvalidInput(
                f"{self.name} was given {length} tokens, but this checkpoint takes {limit - room}: drop old messages."
            )

    def _check_messages(self, value: Any) -> None:
        if not isinstance(value, list):
            raise InvalidInput(f"{self.name} takes a list of messages, not {type(value).__name__}: pass the list.")
        if not value:
            raise InvalidInput(f"{self.name} was given no messages: pass at least one of the user's.")
        for place, message in enumerate(value):
            if not isinstance(message, dict) or not all(
                isinstance(message.get(key), str) for key in ("role", "content")
            ):
                raise InvalidInput(
                    f"message {place + 1} is no object with a role and a content: write both as strings."
                )
            if message["role"] not in ROLES:
                raise InvalidInput(
                    f"message {place + 1} has the role {message['role']!r}: use one of {', '.join(ROLES)}."
                )
            if message["role"] == "system" and place:
                raise InvalidInput(f"message {place + 1} is the system's: only the first of a chat may be.")
            if not message["content"].strip():
                raise InvalidInput(f"message {place + 1} has an empty content: write at least one word.")
        if value[-1]["role"] != "user":
            raise InvalidInput(f"the last message is the {value[-1]['role']}'s: end with what the user says.")

    def bad_inputs(self, processor: Any, config: Any) -> Mapping[str, Any]:
        user = HELLO
        bad: dict[str, Any] = {
            "empty": [],
            "blank": [{"role": "user", "content": " \n"}],
            "wrong-typed": "Hello!",
            "strange-role": [{"role": "narrator", "content": "It rains."}, user],
            "content-free": [{"role": "user"}],
            "late-system": [user, {"role": "system", "content": "Be kind."}, user],
            "answered": [user, {"role": "assistant", "content": "Hello!"}],
        }
        limit = longest_input(processor, config)
        if limit is not None:
            bad["over-long"] = [{"role": "user", "content": "again " * (limit + 1)}]
        return bad

    def size_of(self, value: Any) -> int:
        return sum(len(message["content"]) for message in value)

    def encode(self, processor: Any, inputs: Sequence[Any]) -> dict[str, Any]:
        return dict(self._tokens(processor, inputs, padding=True, return_tensors="pt"))

    def _tokens(self, processor: Any, chats: Sequence[Sequence[Message]], **options: Any) -> Any:
        asked = [self._without_system(chat) for chat in chats] if self.is_without_system else list(chats)
        return processor.apply_chat_template(
            asked, add_generation_prompt=True, tokenize=True, return_dict=True, **options
        )

    def _without_system(self, chat: Sequence[Message]) -> Sequence[Message]:
        if chat[0]["role"] != "system" or len(chat) == 1:
            return chat
        told, first, *others = chat
        return [{**first, "content": f"{told['content']}\n\n{first['content']}"}, *others]

    def check_truth(self, truth: Any) -> None:
        super().check_truth(truth.get("reply") if isinstance(truth, dict) else truth)

    def blind_answers(self, truths: Sequence[Any]) -> list[str]:
        return commonest([_replies(truth) for truth in truths])

    def accuracy(self, answers: Sequence[str], truths: Sequence[Any]) -> float:
        return exact_match(answers, [_replies(truth) for truth in truths])

    def metrics(self, answers: Sequence[str], truths: Sequence[Any]) -> dict[str, float]:
        """How many answers keep the system's rule, right or wrong."""
        kept = [
            chats.obeys(truth["rule"], answer)
            for answer, truth in zip(answers, truths, strict=True)
            if isinstance(truth, dict) and truth.get("rule", chats.NO_RULE) != chats.NO_RULE
        ]
        return {"obeys_system": float(np.mean(kept))} if kept else {}

    def describe(self, value: Any) -> str:
        return "\n".join(f"{message['role']}: {message['content']}" for message in value)

    def describe_answer(self, answer: Any) -> str:
        return super().describe_answer(_replies(answer))


def _replies(truth: Any) -> Any:
    """The words of a truth; the user's own may be words alone, or several."""
    return truth["reply"] if isinstance(truth, dict) else truth
