"""`/chat/completions`, whole or in pieces."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from suite.course.stand_ins.services import local_models
from suite.course.stand_ins.services.conversation import Call, answers, note_capped
from suite.course.stand_ins.services.generation import Answer, Token
from suite.course.stand_ins.services.http import ServiceError, body_of, new_id, now, number_of, server_sent
from suite.course.stand_ins.services.openai.requests import conversation_of, model_of, usage_of

DONE = "[DONE]"
MOST_CHOICES = 128


async def chat_completions(request: Request) -> Response:
    """The next turn of a chat."""
    body = await body_of(request)
    model = model_of(request, body)
    conversation = await local_models.on_models(conversation_of, body)
    count = int(number_of(body, "n", 1, 1, MOST_CHOICES))
    top = _top_of(body)
    results = await local_models.on_models(answers, conversation, count)
    head = {
        "id": new_id("chatcmpl-"),
        "object": "chat.completion",
        "created": now(),
        "model": model,
        "system_fingerprint": "fp_standin",
    }
    if body.get("stream"):
        with_usage = bool((body.get("stream_options") or {}).get("include_usage"))
        return server_sent(_chunks(request, head, results, conversation.call, top, with_usage=with_usage), end=DONE)
    for answer in results:
        await local_models.on_models(answer.whole)
    note_capped(request.app.state.journal, results)
    choices = [
        {
            "index": index,
            "message": {"role": "assistant", "refusal": None, "annotations": [], **_content(answer, conversation.call)},
            "logprobs": _logprobs(answer.tokens, top),
            "finish_reason": "tool_calls" if conversation.call else answer.finish,
        }
        for index, answer in enumerate(results)
    ]
    return JSONResponse({**head, "choices": choices, "usage": usage_of(results, len(results))})


async def _chunks(
    request: Request,
    head: Mapping[str, Any],
    results: Sequence[Answer],
    call: Call | None,
    top: int | None,
    *,
    with_usage: bool,
) -> AsyncIterator[dict[str, Any]]:
    """The chunks of each choice in turn, and the usage in the end."""

    def chunk(index: int, delta: Mapping[str, Any], finish: str | None = None, logprobs: Any = None) -> dict[str, Any]:
        choice = {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
        usage = {"usage": None} if with_usage else {}
        return {**head, "object": "chat.completion.chunk", "choices": [choice], **usage}

    for index, answer in enumerate(results):
        tool_calls = [{"index": 0, **_tool_call(call, "")}] if call else None
        yield chunk(index, {"role": "assistant", "content": None, "tool_calls": tool_calls} if call else FIRST)
        reported = 0
        async for piece in local_models.pieces_on_models(answer.pieces()):
            fresh, reported = answer.tokens[reported:], len(answer.tokens)
            if call:
                yield chunk(index, {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]})
            else:
                yield chunk(index, {"content": piece}, logprobs=_logprobs(fresh, top))
        yield chunk(index, {}, "tool_calls" if call else answer.finish)
    note_capped(request.app.state.journal, results)
    if with_usage:
        yield {**head, "object": "chat.completion.chunk", "choices": [], "usage": usage_of(results, len(results))}


FIRST = {"role": "assistant", "content": "", "refusal": None}


def _content(answer: Answer, call: Call | None) -> dict[str, Any]:
    """What a message says, or the call in its place."""
    return {"content": None, "tool_calls": [_tool_call(call, answer.text)]} if call else {"content": answer.text}


def _tool_call(call: Call, arguments: str) -> dict[str, Any]:
    return {"id": new_id("call_"), "type": "function", "function": {"name": call.name, "arguments": arguments}}


def _top_of(body: Mapping[str, Any]) -> int | None:
    """How many alternatives to name for each token; `None` where no log-probabilities are asked for."""
    alternatives = number_of(body, "top_logprobs", 0, 0, 20)
    if body.get("logprobs"):
        return int(alternatives)
    if alternatives:
        raise ServiceError(
            400, "Invalid 'top_logprobs': 'logprobs' must be set to true.", "invalid_value", "top_logprobs"
        )
    return None


def _logprobs(tokens: Sequence[Token], top: int | None) -> dict[str, Any] | None:
    """The log-probabilities of a choice's tokens."""
    if top is None:
        return None

    def one(text: str, logprob: float) -> dict[str, Any]:
        return {"token": text, "logprob": logprob, "bytes": list(text.encode())}

    content = [
        {**one(token.text, token.logprob), "top_logprobs": [one(*pair) for pair in token.top[:top]]} for token in tokens
    ]
    return {"content": content, "refusal": None}
