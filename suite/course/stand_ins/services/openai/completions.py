"""`/completions`: continuations of a text, by the miniature of a plain language model rather than the chat model."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from suite.course.stand_ins.services import local_models
from suite.course.stand_ins.services.conversation import note_capped
from suite.course.stand_ins.services.generation import Answer, Sampling, Token
from suite.course.stand_ins.services.http import ServiceError, body_of, new_id, now, number_of, server_sent, texts_of
from suite.course.stand_ins.services.openai.chat import DONE, MOST_CHOICES
from suite.course.stand_ins.services.openai.requests import model_of, sampling_of, usage_of

USUAL_LIMIT = 16
"""Tokens of a completion whose request sets no limit."""


async def completions(request: Request) -> Response:
    """The continuations of one prompt or several."""
    body = await body_of(request)
    model = model_of(request, body)
    sampling = sampling_of(body, "max_tokens")
    if sampling.max_tokens is None:
        sampling = replace(sampling, max_tokens=USUAL_LIMIT)
    count = int(number_of(body, "n", 1, 1, MOST_CHOICES))
    top = number_of(body, "logprobs", None, 0, 5)
    prompts = texts_of(body.get("prompt", "<|endoftext|>"))
    if not prompts:
        raise ServiceError(400, "Missing required parameter: 'prompt'.", "missing_required_parameter", "prompt")
    results = await local_models.on_models(continuations, prompts, sampling, count)
    head = {"id": new_id("cmpl-"), "object": "text_completion", "created": now(), "model": model}
    if body.get("stream"):
        with_usage = bool((body.get("stream_options") or {}).get("include_usage"))
        return server_sent(_chunks(request, head, results, count, top, with_usage=with_usage), end=DONE)
    for answer in results:
        await local_models.on_models(answer.whole)
    note_capped(request.app.state.journal, results)
    prompts_shown = [prompt for prompt in prompts for _ in range(count)] if body.get("echo") else [""] * len(results)
    choices = [
        _choice(index, before + answer.text, answer.finish, _logprobs(answer.tokens, top))
        for index, (before, answer) in enumerate(zip(prompts_shown, results, strict=True))
    ]
    return JSONResponse({**head, "choices": choices, "usage": usage_of(results, count)})


def continuations(prompts: Sequence[str], sampling: Sampling, count: int) -> list[Answer]:
    """`count` answers for each prompt, not begun yet. To be called on the models' thread."""
    model = local_models.text_model()
    seed = sampling.seed
    return [
        model.answer(ids, replace(sampling, seed=None if seed is None else seed + number))
        for ids in [model.encode(prompt) for prompt in prompts]
        for number in range(count)
    ]


async def _chunks(
    request: Request,
    head: Mapping[str, Any],
    results: Sequence[Answer],
    count: int,
    top: int | None,
    *,
    with_usage: bool,
) -> AsyncIterator[dict[str, Any]]:
    for index, answer in enumerate(results):
        reported = 0
        async for piece in local_models.pieces_on_models(answer.pieces()):
            fresh, reported = answer.tokens[reported:], len(answer.tokens)
            yield {**head, "choices": [_choice(index, piece, None, _logprobs(fresh, top))]}
        yield {**head, "choices": [_choice(index, "", answer.finish, None)]}
    note_capped(request.app.state.journal, results)
    if with_usage:
        yield {**head, "choices": [], "usage": usage_of(results, count)}


def _choice(index: int, text: str, finish: str | None, logprobs: Any) -> dict[str, Any]:
    return {"text": text, "index": index, "logprobs": logprobs, "finish_reason": finish}


def _logprobs(tokens: Sequence[Token], top: int | None) -> dict[str, Any] | None:
    """The log-probabilities of a choice's tokens, in this route's older form."""
    if top is None:
        return None
    offsets = [sum(len(token.text) for token in tokens[:place]) for place in range(len(tokens))]
    return {
        "tokens": [token.text for token in tokens],
        "token_logprobs": [token.logprob for token in tokens],
        "top_logprobs": [dict(token.top[:top]) for token in tokens],
        "text_offset": offsets,
    }
