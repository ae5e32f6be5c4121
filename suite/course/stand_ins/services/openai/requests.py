"""Parses requests in OpenAI's format into those of `conversation`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request

from suite.course.stand_ins.services import local_models
from suite.course.stand_ins.services.conversation import Conversation, Tool, Turn, decode_base64, image_from_source
from suite.course.stand_ins.services.generation import Answer, Sampling
from suite.course.stand_ins.services.http import ServiceError, number_of, texts_of


def model_of(request: Request, body: Mapping[str, Any]) -> str:
    """The model's name: any is answered, under its own name; Azure's deployments are named in the path.

    Raises:
        ServiceError: none is named.
    """
    name = body.get("model") or request.path_params.get("deployment")
    if not isinstance(name, str):
        raise ServiceError(400, "you must provide a model parameter", None, None)
    return name


def sampling_of(body: Mapping[str, Any], *limits: str) -> Sampling:
    """The sampling settings; the limit of tokens has any of these names."""
    values = [number_of(body, name, None, 1) for name in limits]
    limit = next((int(value) for value in values if value is not None), None)
    return Sampling(
        max_tokens=limit,
        temperature=number_of(body, "temperature", 1.0, 0, 2),
        top_p=number_of(body, "top_p", 1.0, 0, 1),
        top_k=int(number_of(body, "top_k", 0)),
        stop=texts_of(body.get("stop")),
        seed=number_of(body, "seed", None),
    )


def conversation_of(body: Mapping[str, Any]) -> Conversation:
    """A chat completion's request.

    Raises:
        ServiceError: it has no messages, or ones that are none.
    """
    messages = body.get("messages")
    if messages is None:
        raise ServiceError(400, "Missing required parameter: 'messages'.", "missing_required_parameter", "messages")
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        raise ServiceError(
            400, "Invalid type for 'messages': expected an array of objects.", "invalid_type", "messages"
        )
    if not messages:
        raise ServiceError(
            400,
            "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.",
            "empty_array",
            "messages",
        )
    turns = [turn_of(message, index) for index, message in enumerate(messages)]
    sampling = sampling_of(body, "max_completion_tokens", "max_tokens")
    return Conversation(turns, sampling, tools_of(body), format_of(body.get("response_format")))


def turn_of(message: Mapping[str, Any], index: int) -> Turn:
    """A message as a turn; its content may be a text or parts, images and audio among them."""
    role = message.get("role")
    if role not in ("system", "developer", "user", "assistant", "tool", "function"):
        raise ServiceError(
            400,
            f"Invalid value: '{role}'. Supported values are: 'system', 'assistant', 'user', 'function', 'tool', and "
            "'developer'.",
            "invalid_value",
            f"messages[{index}].role",
        )
    content = message.get("content")
    parts = content if isinstance(content, list) else [{"type": "text", "text": content or ""}]
    texts = [_text_of(part) for part in parts]
    images = tuple(image_from_source(source) for part in parts if (source := _image_in(part)))
    return Turn(role, "\n".join(text for text in texts if text), images, role in ("tool", "function"))


def _text_of(part: Any) -> str:
    """The text of a part; the transcription of an audio part."""
    if isinstance(part, str):
        return part
    if part.get("type") == "input_audio":
        return local_models.transcribe(
            local_models.decode_audio(decode_base64((part.get("input_audio") or {}).get("data", "")))
        )
    return str(part.get("text") or part.get("refusal") or "")


def _image_in(part: Any) -> str | None:
    """The URL of a part's image."""
    image = part.get("image_url") if isinstance(part, dict) else None
    return image.get("url") if isinstance(image, dict) else image


def tools_of(body: Mapping[str, Any]) -> Sequence[Tool]:
    """The functions that may be called: the one that the caller insists on, or all, or none."""
    choice = body.get("tool_choice")
    if choice == "none":
        return ()
    functions = [tool.get("function") or tool for tool in body.get("tools") or () if tool.get("type") == "function"]
    tools = [Tool(tool["name"], tool.get("description") or "", tool.get("parameters") or {}) for tool in functions]
    if isinstance(choice, dict):
        name = (choice.get("function") or choice).get("name")
        tools = [tool for tool in tools if tool.name == name]
    return tools


def format_of(response_format: Any) -> Mapping[str, Any] | None:
    """The schema that a text's format asks for: an empty one for any object, `None` for words."""
    if (response_format or {}).get("type", "text") == "text":
        return None
    return (response_format.get("json_schema") or {}).get("schema") or response_format.get("schema") or {}


def usage_of(results: Sequence[Answer], choices: int) -> dict[str, int]:
    """The numbers of tokens in prompts and answers; a prompt counts once, however many `choices` it has."""
    prompt = sum(len(answer.prompt) for answer in results[::choices])
    completion = sum(len(answer.tokens) for answer in results)
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
