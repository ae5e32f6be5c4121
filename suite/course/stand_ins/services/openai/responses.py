"""`/responses`, the successor of chat completions: input items, output items, and a stream of typed events."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from suite.course.stand_ins.services import local_models
from suite.course.stand_ins.services.conversation import Conversation, Turn, answers, note_capped
from suite.course.stand_ins.services.generation import Answer
from suite.course.stand_ins.services.http import ServiceError, body_of, new_id, now, server_sent
from suite.course.stand_ins.services.openai.requests import format_of, model_of, sampling_of, tools_of, turn_of


async def create(request: Request) -> Response:
    """The next turn, stored unless the request forbids it."""
    body = await body_of(request)
    model = model_of(request, body)
    stored = request.app.state.responses
    before = _before(stored, body.get("previous_response_id"))
    turns = await local_models.on_models(_turns_of, body)
    instructions = [Turn("system", body["instructions"])] if body.get("instructions") else []
    schema = format_of((body.get("text") or {}).get("format"))
    conversation = Conversation(
        [*instructions, *before, *turns], sampling_of(body, "max_output_tokens"), tools_of(body), schema
    )
    answer = (await local_models.on_models(answers, conversation))[0]
    pending = _PendingResponse(body, model, conversation, answer)
    if body.get("stream"):
        return server_sent(_events(request, pending, [*before, *turns]), names=True)
    await local_models.on_models(answer.whole)
    return JSONResponse(_keep(request, pending, [*before, *turns]))


async def retrieve(request: Request) -> Response:
    """A stored response."""
    return JSONResponse(_stored_response(request)[0])


async def delete(request: Request) -> Response:
    """Delete a response."""
    response, _ = _stored_response(request)
    del request.app.state.responses[response["id"]]
    return JSONResponse({"id": response["id"], "object": "response", "deleted": True})


def _stored_response(request: Request) -> tuple[dict[str, Any], Sequence[Turn]]:
    name = request.path_params["response"]
    try:
        return request.app.state.responses[name]
    except KeyError:
        raise ServiceError(404, f"Response with id '{name}' not found.") from None


def _before(stored: Mapping[str, Any], name: str | None) -> Sequence[Turn]:
    """The turns of the response that this one goes on from."""
    if name is None:
        return ()
    if name not in stored:
        raise ServiceError(
            400, f"Previous response with id '{name}' not found.", "previous_response_not_found", "previous_response_id"
        )
    return stored[name][1]


def _turns_of(body: Mapping[str, Any]) -> list[Turn]:
    """The input's items as turns; a bare text is the user's."""
    items = body.get("input")
    if isinstance(items, str):
        return [Turn("user", items)]
    if not isinstance(items, list):
        raise ServiceError(400, "Missing required parameter: 'input'.", "missing_required_parameter", "input")
    turns = []
    for index, item in enumerate(items):
        kind = item.get("type", "message")
        if kind == "message":
            turns.append(turn_of(item, index))
        elif kind == "function_call":
            turns.append(Turn("assistant", str(item.get("arguments", ""))))
        elif kind == "function_call_output":
            turns.append(Turn("tool", str(item.get("output", "")), result=True))
    return turns


class _PendingResponse:
    """A response that is being generated."""

    def __init__(self, body: Mapping[str, Any], model: str, conversation: Conversation, answer: Answer) -> None:
        self.body, self.model, self.conversation, self.answer = body, model, conversation, answer
        self.id, self.created = new_id("resp_"), now()
        self.item_id = new_id("fc_" if conversation.call else "msg_")
        self.call_id = new_id("call_")

    def item(self, status: str) -> dict[str, Any]:
        """The output item: a message or a function call, without its content while it is in progress."""
        finished = status != "in_progress"
        text = self.answer.text if finished else ""
        if self.conversation.call:
            call = {"call_id": self.call_id, "name": self.conversation.call.name, "arguments": text}
            return {"id": self.item_id, "type": "function_call", "status": status, **call}
        content = [self.part(text)] if finished else []
        return {"id": self.item_id, "type": "message", "role": "assistant", "status": status, "content": content}

    @staticmethod
    def part(text: str) -> dict[str, Any]:
        """The part of a message that is text."""
        return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}

    @property
    def status(self) -> str:
        """How it ended."""
        return "incomplete" if self.answer.finish == "length" else "completed"

    def response(self, status: str) -> dict[str, Any]:
        """The whole response."""
        finished = status != "in_progress"
        body, prompt_tokens, completion_tokens = self.body, len(self.answer.prompt), len(self.answer.tokens)
        usage = {
            "input_tokens": prompt_tokens,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": completion_tokens,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": prompt_tokens + completion_tokens,
        }
        return {
            "id": self.id,
            "object": "response",
            "created_at": self.created,
            "status": status,
            "error": None,
            "incomplete_details": {"reason": "max_output_tokens"} if status == "incomplete" else None,
            "instructions": body.get("instructions"),
            "max_output_tokens": body.get("max_output_tokens"),
            "model": self.model,
            "output": [self.item(status)] if finished else [],
            "parallel_tool_calls": True,
            "previous_response_id": body.get("previous_response_id"),
            "reasoning": {"effort": None, "summary": None},
            "store": body.get("store", True),
            "temperature": self.conversation.sampling.temperature,
            "text": body.get("text") or {"format": {"type": "text"}},
            "tool_choice": body.get("tool_choice") or "auto",
            "tools": [{"strict": None, "description": None, **tool} for tool in body.get("tools") or ()],
            "top_p": self.conversation.sampling.top_p,
            "truncation": "disabled",
            "usage": usage if finished else None,
            "user": None,
            "metadata": body.get("metadata") or {},
        }


async def _events(request: Request, pending: _PendingResponse, turns: Sequence[Turn]) -> AsyncIterator[dict[str, Any]]:
    """The events of a stream, in the order in which they are documented."""
    number = -1

    def event(kind: str, **content: Any) -> dict[str, Any]:
        nonlocal number
        number += 1
        return {"type": f"response.{kind}", "sequence_number": number, **content}

    place = {"output_index": 0, "item_id": pending.item_id}
    inside = {**place, "content_index": 0}
    yield event("created", response=pending.response("in_progress"))
    yield event("in_progress", response=pending.response("in_progress"))
    yield event("output_item.added", output_index=0, item=pending.item("in_progress"))
    call = pending.conversation.call
    if call:
        async for piece in local_models.pieces_on_models(pending.answer.pieces()):
            yield event("function_call_arguments.delta", **place, delta=piece)
        yield event("function_call_arguments.done", **place, name=call.name, arguments=pending.answer.text)
    else:
        yield event("content_part.added", **inside, part=pending.part(""))
        async for piece in local_models.pieces_on_models(pending.answer.pieces()):
            yield event("output_text.delta", **inside, delta=piece, logprobs=[])
        yield event("output_text.done", **inside, text=pending.answer.text, logprobs=[])
        yield event("content_part.done", **inside, part=pending.part(pending.answer.text))
    yield event("output_item.done", output_index=0, item=pending.item(pending.status))
    yield event(pending.status, response=_keep(request, pending, turns))


def _keep(request: Request, pending: _PendingResponse, turns: Sequence[Turn]) -> dict[str, Any]:
    """The finished response, stored for requests that continue it."""
    note_capped(request.app.state.journal, [pending.answer])
    response = pending.response(pending.status)
    if response["store"]:
        text = json.dumps(pending.conversation.call.arguments) if pending.conversation.call else pending.answer.text
        request.app.state.responses[pending.id] = (response, [*turns, Turn("assistant", text)])
    return response
