"""Anthropic's `/v1/messages`."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from suite.course.stand_ins.access_log import Journal
from suite.course.stand_ins.services import local_models
from suite.course.stand_ins.services.conversation import (
    Call,
    Conversation,
    Tool,
    Turn,
    answers,
    decode_base64,
    image_from_source,
    note_capped,
    open_image,
)
from suite.course.stand_ins.services.generation import Answer, Sampling
from suite.course.stand_ins.services.http import (
    ServiceError,
    body_of,
    new_id,
    number_of,
    server_sent,
    service,
    texts_of,
)

TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    500: "api_error",
}
MODELS = ("claude-opus-4-1", "claude-sonnet-4-5", "claude-3-5-haiku-latest")


def shape(error: ServiceError) -> JSONResponse:
    """An error as Anthropic writes it."""
    kind = TYPES.get(error.status, "invalid_request_error")
    content = {"type": "error", "error": {"type": kind, "message": error.message}, "request_id": new_id("req_")}
    return JSONResponse(content, error.status)


def key(request: Request) -> ServiceError | None:
    """A refusal where no key was sent."""
    api_key = request.headers.get("x-api-key") or request.headers.get("authorization")
    return None if api_key else ServiceError(401, "x-api-key header is required")


async def messages(request: Request) -> Response:
    """The next turn, whole or in events."""
    body = await body_of(request)
    model = _model_of(body)
    if body.get("max_tokens") is None:
        raise ServiceError(400, "max_tokens: Field required")
    conversation = await local_models.on_models(_conversation_of, body)
    answer = (await local_models.on_models(answers, conversation))[0]
    if body.get("stream"):
        return server_sent(_events(request, model, answer, conversation.call), names=True)
    await local_models.on_models(answer.whole)
    note_capped(request.app.state.journal, [answer])
    return JSONResponse(
        {**_message(model, answer, conversation.call), "content": [_block(answer.text, conversation.call)]}
    )


def _model_of(body: Mapping[str, Any]) -> str:
    model = body.get("model")
    if not isinstance(model, str):
        raise ServiceError(400, "model: Field required")
    return model


def _conversation_of(body: Mapping[str, Any]) -> Conversation:
    entries = body.get("messages")
    if not isinstance(entries, list) or not entries:
        raise ServiceError(400, "messages: at least one message is required")
    system = "\n".join(_text_of(block) for block in _blocks(body.get("system")))
    turns = [Turn("system", system)] if system else []
    for index, message in enumerate(entries):
        if message.get("role") not in ("user", "assistant"):
            raise ServiceError(400, f"messages.{index}.role: Input should be 'user' or 'assistant'")
        blocks = _blocks(message.get("content"))
        images = tuple(_image_of(block["source"]) for block in blocks if block.get("type") == "image")
        result = any(block.get("type") == "tool_result" for block in blocks)
        turns.append(Turn(message["role"], "\n".join(filter(None, map(_text_of, blocks))), images, result))
    sampling = Sampling(
        max_tokens=int(number_of(body, "max_tokens", None, 1)),
        temperature=number_of(body, "temperature", 1.0, 0, 1),
        top_p=number_of(body, "top_p", 1.0, 0, 1),
        top_k=int(number_of(body, "top_k", 0, 0)),
        stop=texts_of(body.get("stop_sequences")),
    )
    choice = body.get("tool_choice") or {}
    tools = [
        Tool(tool["name"], tool.get("description") or "", tool.get("input_schema") or {})
        for tool in body.get("tools") or ()
        if choice.get("type") != "none" and choice.get("name", tool["name"]) == tool["name"]
    ]
    return Conversation(turns, sampling, tools, _schema_of(body))


def _schema_of(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    form = (body.get("output_config") or {}).get("format") or body.get("output_format") or {}
    return form.get("schema")


def _blocks(content: Any) -> list[dict[str, Any]]:
    if isinstance(content, list):
        return content
    return [{"type": "text", "text": content}] if content else []


def _text_of(block: Mapping[str, Any]) -> str:
    """The text of a block; the input of a tool call, the content of a tool result."""
    if block.get("type") == "tool_result":
        return "\n".join(_text_of(part) for part in _blocks(block.get("content")))
    return json.dumps(block["input"]) if block.get("type") == "tool_use" else str(block.get("text") or "")


def _image_of(source: Mapping[str, Any]) -> Any:
    return (
        image_from_source(source["url"])
        if source.get("type") == "url"
        else open_image(decode_base64(source.get("data", "")))
    )


def _message(model: str, answer: Answer, call: Call | None) -> dict[str, Any]:
    """A message without its content."""
    reason = "stop_sequence" if answer.stopped_by else "max_tokens" if answer.finish == "length" else "end_turn"
    return {
        "id": new_id("msg_"),
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
        "stop_reason": "tool_use" if call else reason,
        "stop_sequence": answer.stopped_by,
        "usage": {"input_tokens": len(answer.prompt), "output_tokens": len(answer.tokens)},
    }


def _block(text: str, call: Call | None) -> dict[str, Any]:
    if call:
        return {"type": "tool_use", "id": new_id("toolu_"), "name": call.name, "input": call.arguments}
    return {"type": "text", "text": text}


async def _events(request: Request, model: str, answer: Answer, call: Call | None) -> AsyncIterator[dict[str, Any]]:
    """The events of a stream, in the order in which they are documented."""
    yield {"type": "message_start", "message": {**_message(model, answer, call), "stop_reason": None}}
    start = {**_block("", call), "input": {}} if call else _block("", None)
    yield {"type": "content_block_start", "index": 0, "content_block": start}
    async for piece in local_models.pieces_on_models(answer.pieces()):
        delta = {"type": "input_json_delta", "partial_json": piece} if call else {"type": "text_delta", "text": piece}
        yield {"type": "content_block_delta", "index": 0, "delta": delta}
    yield {"type": "content_block_stop", "index": 0}
    note_capped(request.app.state.journal, [answer])
    message = _message(model, answer, call)
    delta = {name: message[name] for name in ("stop_reason", "stop_sequence")}
    yield {"type": "message_delta", "delta": delta, "usage": {"output_tokens": len(answer.tokens)}}
    yield {"type": "message_stop"}


async def count_tokens(request: Request) -> Response:
    """The tokens of a request, as the model counts them."""
    body = await body_of(request)
    conversation = await local_models.on_models(_conversation_of, {"max_tokens": 1, **body})
    return JSONResponse({"input_tokens": len((await local_models.on_models(answers, conversation))[0].prompt)})


async def list_models(_: Request) -> Response:
    """The models."""
    data = [_model_object(name) for name in MODELS]
    return JSONResponse({"data": data, "has_more": False, "first_id": MODELS[0], "last_id": MODELS[-1]})


async def retrieve_model(request: Request) -> Response:
    """The description of a model; any name is accepted."""
    return JSONResponse(_model_object(request.path_params["model"]))


def _model_object(name: str) -> dict[str, Any]:
    return {"type": "model", "id": name, "display_name": name, "created_at": "2025-01-01T00:00:00Z"}


def application(journal: Journal) -> Starlette:
    """The service."""
    routes = [
        Route("/v1/messages", messages, methods=["POST"]),
        Route("/v1/messages/count_tokens", count_tokens, methods=["POST"]),
        Route("/v1/models", list_models, methods=["GET"]),
        Route("/v1/models/{model}", retrieve_model, methods=["GET"]),
    ]
    return service("anthropic", routes, journal, shape, key)
