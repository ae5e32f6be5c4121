"""The request that all chat services have in common: turns, sampling settings, tools, and a JSON schema."""

from __future__ import annotations

import base64
import binascii
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from suite.course.stand_ins.access_log import Journal, Note
from suite.course.stand_ins.services import json_schema, local_models
from suite.course.stand_ins.services.generation import Answer, Sampling

DEFAULT_SYSTEM = "You are a helpful assistant."
"""The system message of a request without one, as in the templates of many chat models."""
ROLES = {"developer": "system", "model": "assistant", "tool": "user", "function": "user"}
"""Roles that the model's own template does not have."""


@dataclass(frozen=True)
class Turn:
    """A message. `images` are PIL images; `result` says that it is the result of a tool."""

    role: str
    text: str
    images: tuple[Any, ...] = ()
    result: bool = False


@dataclass(frozen=True)
class Tool:
    """A function that the model may call; `parameters` is a JSON schema."""

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Call:
    """A call of a function."""

    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Conversation:
    """A request for the next turn. `schema` asks for JSON of that form, an empty one for any object.

    `tools` are those that may be called; it is empty where the caller forbids calls.
    """

    turns: Sequence[Turn]
    sampling: Sampling = field(default_factory=Sampling)
    tools: Sequence[Tool] = ()
    schema: Mapping[str, Any] | None = None

    @cached_property
    def call(self) -> Call | None:
        """The call of a tool, if there are tools and the last turn is not the result of one.

        It is the one whose name, or else description, shares most words with the last turn; its arguments are of
        the right types, and words of the user's.
        """
        if not self.tools or not self.turns or self.turns[-1].result:
            return None
        text = self.turns[-1].text
        words = _words(text)
        tool = max(self.tools, key=lambda tool: (len(words & _words(tool.name)), len(words & _words(tool.description))))
        arguments = json_schema.example(tool.parameters or {}, _name_in(text))
        return Call(tool.name, arguments if isinstance(arguments, dict) else {})


def answers(conversation: Conversation, count: int = 1) -> list[Answer]:
    """`count` answers, each with draws of its own and not begun yet; where a tool is called, its arguments as JSON.

    To be called on the models' thread.
    """
    model = local_models.chat_model()
    messages = [{"role": ROLES.get(turn.role, turn.role), "content": turn.text} for turn in conversation.turns]
    if all(message["role"] != "system" for message in messages):
        messages.insert(0, {"role": "system", "content": DEFAULT_SYSTEM})
    prompt = model.prompt_of(messages)
    seed = conversation.sampling.seed
    results = []
    for number in range(count):
        sampling = replace(conversation.sampling, seed=None if seed is None else seed + number)
        answer = model.answer(prompt, sampling)
        if images := conversation.turns[-1].images if conversation.turns else ():
            answer.script = model.encode(" ".join(local_models.caption(image) for image in images))
        if conversation.call or conversation.schema is not None:
            # Half an object is of no use to anyone: JSON is given whole, whatever the limit.
            answer.sampling = replace(sampling, max_tokens=None, stop=())
            content = conversation.call.arguments if conversation.call else _json(conversation.schema, answer)
            answer = model.answer(prompt, answer.sampling)
            answer.script = model.encode(json.dumps(content, ensure_ascii=False))
        results.append(answer)
    return results


def note_capped(journal: Journal, results: Sequence[Answer]) -> None:
    """Note that answers were cut at the stand-in's own limit."""
    for answer in results:
        if answer.capped:
            limit = answer.sampling.max_tokens
            requested = "no limit" if limit is None else f"{limit} tokens"
            journal.note(Note("capped", "generation", f"from {requested} to {len(answer.tokens)} tokens"))
            return


def image_from_source(source: str) -> Any:
    """A PIL picture out of a `data:` URL or bare base64; of another URL, one of the world's.

    Raises:
        ValueError: it is not a picture.
    """
    if re.match(r"https?://", source):
        return local_models.draw(source)
    return open_image(decode_base64(source))


def open_image(content: bytes) -> Any:
    """The PIL picture in a file.

    Raises:
        ValueError: it is not a picture.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        return Image.open(io.BytesIO(content)).convert("RGB")
    except (UnidentifiedImageError, OSError) as error:
        raise ValueError("The image is none that can be read: send a PNG, JPEG, GIF or WebP file.") from error


def decode_base64(source: str) -> bytes:
    """The bytes of base64, with or without `data:...;base64,` before it.

    Raises:
        ValueError: it is no base64.
    """
    text = source.partition(",")[2] if source.startswith("data:") else source
    # Gemini's clients write the alphabet that is safe in addresses, and some leave out the padding.
    text = text.strip().translate(str.maketrans("-_", "+/")).rstrip("=")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError(f"The content is no base64: {error}") from error


def _json(schema: Mapping[str, Any] | None, answer: Answer) -> Any:
    """What an answer says, as an object."""
    words = answer.whole().text
    return json_schema.example(schema, words) if schema else {"answer": words}


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z]{3,}", text.lower()))


def _name_in(text: str) -> str:
    """The name in a question, `Paris` of "What is the weather in Paris?", or the whole text."""
    names = re.findall(r"(?<=[a-z,] )[A-Z][\w'-]*(?: [A-Z][\w'-]*)*", text)
    return names[0] if names else text
