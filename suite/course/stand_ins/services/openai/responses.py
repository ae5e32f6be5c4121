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
    """The next turn, kept unless the request forbids it."""
    body = await body_of(request)
    model = model_of(request, body)
    kept = request.app.state.responses
    before = _before(kept, body.get("previous_response_id"))
    turns = await local_models.on_models(_turns_of, body)
    instructions = [Turn("system", body["instructions"])] if body.get("instructions") else []
    schema = format_of((body.get("text") or {}).get("format"))
    asked = Conversation(
        [*instructions, *before, *turns], sampling_of(body, "max_output_tokens"), tools_of(body), schema
    )
    answer = (await local_models.on_models(answers, asked))[0]
    made = _Making(body, model, asked, answer)
    if body.get("stream"):
        return server_sent(_events(request, made, [*before, *turns]), names=True)
    await local_models.on_models(answer.whole)
    return JSONResponse(_keep(request, made, [*before, *turns]))


async def retrieve(request: Request) -> Response:
    """A response that was kept."""
    return JSONResponse(_found(request)[0])


async def delete(request: Request) -> Response:
    """Forget a response."""
    found, _ = _found(request)
    del request.app.state.responses[found["id"]]
    return JSONResponse({"id": found["id"], "object": "response", "deleted": True})


def _found(request: Request) -> tuple[dict[str, Any], Sequence[Turn]]:
    name = request.path_params["response"]
    try:
        return request.app.state.responses[name]
    except KeyError:
        raise ServiceError(404, f"Response with id '{name}' not found.") from None


def _before(kept: Mapping[str, Any], name: str | None) -> Sequence[Turn]:
    """The turns of the response that this one goes on from."""
    if name is None:
        return ()
    if name not in kept:
        raise ServiceError(
            400, f"Previous response with id '{name}' not found.", "previous_response_not_found", "previous_response_id"
        )
    return kept[name][1]


def _turns_of(body: Mapping[str, Any]) -> list[Turn]:
    """The input's items as turns; a bare text is the user's."""
    given = body.get("input")
    if isinstance(given, str):
        return [Turn("user", given)]
    if not isinstance(given, list):
        raise ServiceError(400, "Missing required parameter: 'input'.", "missing_required_parameter", "input")
    turns = []
    for index, item in enumerate(given):
        kind = item.get("type", "message")
        if kind == "message":
            turns.append(turn_of(item, index))
        elif kind == "function_call":
            turns.append(Turn("assistant", str(item.get("arguments", ""))))
        elif kind == "function_call_output":
            turns.append(Turn("tool", str(item.get("output", "")), result=True))
    return turns


class _Making:
    """A response in the making."""

    def __init__(self, body: Mapping[str, Any], model: str, asked: Conversation, answer: Answer) -> None:
        self.body, self.model, self.asked, self.answer = body, model, asked, answer
        self.id, self.created = new_id("resp_"), now()
        self.item_id = new_id("fc_" if asked.call else "msg_")
        self.call_id = new_id("call_")

    def item(self, status: str) -> dict[str, Any]:
        """What is put out: a message, or the call of a function. Nothing of it is said while it is in progress."""
        done = status != "in_progress"
        text = self.answer.text if done else ""
        if self.asked.call:
            call = {"call_id": self.call_id, "name": self.asked.call.name, "arguments": text}
            return {"id": self.item_id, "type": "function_call", "status": status, **call}
        content = [self.part(text)] if done else []
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
        """All of it."""
        done = status != "in_progress"
        body, read, written = self.body, len(self.answer.prompt), len(self.answer.tokens)
        usage = {
            "input_tokens": read,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": written,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": read + written,
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
            "output": [self.item(status)] if done else [],
            "parallel_tool_calls": True,
            "previous_response_id": body.get("previous_response_id"),
            "reasoning": {"effort": None, "summary": None},
            "store": body.get("store", True),
            "temperature": self.asked.sampling.temperature,
            "text": body.get("text") or {"format": {"type": "text"}},
            "tool_choice": body.get("tool_choice") or "auto",
            "tools": [{"strict": None, "description": None, **tool} for tool in body.get("tools") or ()],
            "top_p": self.asked.sampling.top_p,
            "truncation": "disabled",
            "usage": usage if done else None,
            "user": None,
            "metadata": body.get("metadata") or {},
        }


async def _events(request: Request, made: _Making, turns: Sequence[Turn]) -> AsyncIterator[dict[str, Any]]:
    """The events of a stream, in the order in which they are documented."""
    number = -1

    def event(kind: str, **content: Any) -> dict[str, Any]:
        nonlocal number
        number += 1
        return {"type": f"response.{kind}", "sequence_number": number, **content}

    place = {"output_index": 0, "item_id": made.item_id}
    inside = {**place, "content_index": 0}
    yield event("created", response=made.response("in_progress"))
    yield event("in_progress", response=made.response("in_progress"))
    yield event("output_item.added", output_index=0, item=made.item("in_progress"))
    calling = made.asked.call
    if calling:
        async for piece in local_models.pieces_on_models(made.answer.pieces()):
            yield event("function_call_arguments.delta", **place, delta=piece)
        yield event("function_call_arguments.done", **place, name=calling.name, arguments=made.answer.text)
    else:
        yield event("content_part.added", **inside, part=made.part(""))
        async for piece in local_models.pieces_on_models(made.answer.pieces()):
            yield event("output_text.delta", **inside, delta=piece, logprobs=[])
        yield event("output_text.done", **inside, text=made.answer.text, logprobs=[])
        yield event("content_part.done", **inside, part=made.part(made.answer.text))
    yield event("output_item.done", output_index=0, item=made.item(made.status))
    yield event(made.status, response=_keep(request, made, turns))


def _keep(request: Request, made: _Making, turns: Sequence[Turn]) -> dict[str, Any]:
    """The finished response, kept for those that go on from it."""
    note_capped(request.app.state.journal, [made.answer])
    response = made.response(made.status)
    if response["store"]:
        said = json.dumps(made.asked.call.arguments) if made.asked.call else made.answer.text
        request.app.state.responses[made.id] = (response, [*turns, Turn("assistant", said)])
    return response
