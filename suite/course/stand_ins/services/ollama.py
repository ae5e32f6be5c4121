"""Ollama's own API, in JSON lines, beside OpenAI's, which it speaks too."""

from __future__ import annotations

import hashlib
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route

from suite.course.stand_ins.access_log import Journal
from suite.course.stand_ins.services import local_models, openai
from suite.course.stand_ins.services.conversation import (
    Call,
    Conversation,
    Turn,
    answers,
    decode_base64,
    note_capped,
    open_image,
)
from suite.course.stand_ins.services.generation import Answer, Sampling
from suite.course.stand_ins.services.http import ServiceError, body_of, json_lines, number_of, service, texts_of
from suite.course.stand_ins.services.openai import embeddings, requests

VERSION = "0.12.0"
SIZE = 2_019_393_189
"""Bytes that a model says it takes, as a small one of the real library does."""
USUAL_MODELS = ("llama3.2:latest", "llama2:latest", "mistral:latest", "nomic-embed-text:latest")
"""Models that are there before any is pulled. Others are answered all the same."""
LAYERS = 3
DETAILS = {
    "parent_model": "",
    "format": "gguf",
    "family": "llama",
    "families": ["llama"],
    "parameter_size": "3.2B",
    "quantization_level": "Q4_K_M",
}
TEMPLATE = "{{ if .System }}{{ .System }}{{ end }}{{ .Prompt }}"


def shape(error: ServiceError) -> JSONResponse:
    """An error as Ollama writes it."""
    return JSONResponse({"error": error.message}, error.status)


async def generate(request: Request) -> Response:
    """A reply to a prompt. A request without one loads the model."""
    body = await body_of(request)
    model = _model_of(body)
    if not body.get("prompt"):
        return JSONResponse({"model": model, "created_at": _now(), "response": "", "done": True, "done_reason": "load"})
    images = await local_models.on_models(_images_of, body)
    system = [Turn("system", body["system"])] if body.get("system") else []
    turns = [*system, Turn("user", str(body["prompt"]), images)]
    conversation = Conversation(turns, _sampling_of(body), schema=_schema_of(body))

    def piece(text: str, _: Call | None) -> dict[str, Any]:
        return {"response": text}

    return await _answer_reply(request, body, conversation, piece, {"context": []})


async def chat(request: Request) -> Response:
    """The next turn of a chat. A request without messages loads the model."""
    body = await body_of(request)
    model = _model_of(body)
    if not body.get("messages"):
        message = {"role": "assistant", "content": ""}
        reply = {"model": model, "created_at": _now(), "message": message, "done": True, "done_reason": "load"}
        return JSONResponse(reply)
    turns = await local_models.on_models(lambda: [_turn_of(message) for message in body["messages"]])
    conversation = Conversation(turns, _sampling_of(body), requests.tools_of(body), _schema_of(body))

    def piece(text: str, call: Call | None) -> dict[str, Any]:
        tool_calls = {"tool_calls": [{"function": {"name": call.name, "arguments": call.arguments}}]} if call else {}
        return {"message": {"role": "assistant", "content": text, **tool_calls}}

    return await _answer_reply(request, body, conversation, piece, {})


async def _answer_reply(
    request: Request, body: Mapping[str, Any], conversation: Conversation, piece: Any, extra: Mapping[str, Any]
) -> Response:
    """An answer in lines or, where the request says so, as one object."""
    start = time.perf_counter_ns()
    answer = (await local_models.on_models(answers, conversation))[0]
    model = _model_of(body)

    async def lines() -> AsyncIterator[dict[str, Any]]:
        async for text in local_models.pieces_on_models(answer.pieces()):
            if not conversation.call:
                yield {"model": model, "created_at": _now(), **piece(text, None), "done": False}
        if conversation.call:
            yield {"model": model, "created_at": _now(), **piece("", conversation.call), "done": False}
        note_capped(request.app.state.journal, [answer])
        yield {"model": model, "created_at": _now(), **piece("", None), **_final_fields(answer, start), **extra}

    if body.get("stream", True):
        return json_lines(lines())
    await local_models.on_models(answer.whole)
    note_capped(request.app.state.journal, [answer])
    fields = piece("" if conversation.call else answer.text, conversation.call)
    return JSONResponse({"model": model, "created_at": _now(), **fields, **_final_fields(answer, start), **extra})


def _final_fields(answer: Answer, start: int) -> dict[str, Any]:
    """How an answer ended, its numbers of tokens and its nanoseconds."""
    duration = time.perf_counter_ns() - start
    return {
        "done": True,
        "done_reason": answer.finish,
        "total_duration": duration,
        "load_duration": 0,
        "prompt_eval_count": len(answer.prompt),
        "prompt_eval_duration": duration // 2,
        "eval_count": len(answer.tokens),
        "eval_duration": duration - duration // 2,
    }


def _model_of(body: Mapping[str, Any]) -> str:
    model = body.get("model") or body.get("name")
    if not isinstance(model, str):
        raise ServiceError(400, "model is required")
    return model


def _sampling_of(body: Mapping[str, Any]) -> Sampling:
    """How to draw, by `options` in Ollama's names. A negative `num_predict` is no limit."""
    options = body.get("options") or {}
    limit = number_of(options, "num_predict", None)
    return Sampling(
        max_tokens=None if limit is None or limit < 0 else int(limit),
        temperature=number_of(options, "temperature", 0.8, 0),
        top_p=number_of(options, "top_p", 0.9, 0, 1),
        top_k=int(number_of(options, "top_k", 40, 0)),
        stop=texts_of(options.get("stop")),
        seed=number_of(options, "seed", None),
    )


def _schema_of(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The form that is asked for: `"json"` is any object."""
    form = body.get("format") or None
    return {} if form == "json" else form


def _images_of(body: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(open_image(decode_base64(image)) for image in body.get("images") or ())


def _turn_of(message: Mapping[str, Any]) -> Turn:
    role = message.get("role")
    if role not in ("system", "user", "assistant", "tool"):
        raise ServiceError(400, f"invalid role: {role}")
    return Turn(role, str(message.get("content") or ""), _images_of(message), role == "tool")


async def embed(request: Request) -> Response:
    """Embeddings of one text or several."""
    body = await body_of(request)
    model = _model_of(body)
    start = time.perf_counter_ns()
    texts = texts_of(body.get("input"))
    size = int(number_of(body, "dimensions", embeddings.size_of(model), 1))
    if not texts:
        raise ServiceError(400, "input is required")
    vectors, read = await local_models.on_models(local_models.embed, texts, size)
    duration = {"total_duration": time.perf_counter_ns() - start, "load_duration": 0, "prompt_eval_count": read}
    return JSONResponse({"model": model, "embeddings": [vector.tolist() for vector in vectors], **duration})


async def legacy_embeddings(request: Request) -> Response:
    """The embedding of one text, by the route that came before `/api/embed`."""
    body = await body_of(request)
    model = _model_of(body)
    vectors, _ = await local_models.on_models(
        local_models.embed, [str(body.get("prompt") or "")], embeddings.size_of(model)
    )
    return JSONResponse({"embedding": vectors[0].tolist()})


async def list_models(request: Request) -> Response:
    """The models that are there."""
    return JSONResponse({"models": [_model_object(name) for name in request.app.state.pulled]})


async def list_running(request: Request) -> Response:
    """The models that are loaded: the first one."""
    models = [_model_object(name) for name in request.app.state.pulled[:1]]
    return JSONResponse({"models": [{**one, "expires_at": _now(), "size_vram": 0} for one in models]})


def _model_object(name: str) -> dict[str, Any]:
    digest = hashlib.sha256(name.encode()).hexdigest()
    return {"name": name, "model": name, "modified_at": _now(), "size": SIZE, "digest": digest, "details": DETAILS}


async def show(request: Request) -> Response:
    """The description of a model."""
    model = _model_of(await body_of(request))
    config = (await local_models.on_models(local_models.chat_model)).model.config
    return JSONResponse(
        {
            "license": "MIT",
            "modelfile": f"FROM {model}\nTEMPLATE {TEMPLATE}\n",
            "parameters": 'stop "<|im_end|>"',
            "template": TEMPLATE,
            "details": DETAILS,
            "model_info": {
                "general.architecture": "llama",
                "llama.block_count": config.num_hidden_layers,
                "llama.context_length": config.max_position_embeddings,
                "llama.embedding_length": config.hidden_size,
            },
            "capabilities": ["completion", "tools"],
            "modified_at": _now(),
        }
    )


async def pull(request: Request) -> Response:
    """A download that is over at once, with the lines of progress of a real one."""
    body = await body_of(request)
    model = _model_of(body)
    name = model if ":" in model else f"{model}:latest"
    if name not in request.app.state.pulled:
        request.app.state.pulled.append(name)
    return await _progress_reply(body, _pulling(model))


def _pulling(model: str) -> list[dict[str, Any]]:
    layers: list[dict[str, Any]] = []
    share = SIZE // LAYERS
    for number in range(LAYERS):
        digest = hashlib.sha256(f"{model}/{number}".encode()).hexdigest()
        layer = {"status": f"pulling {digest[:12]}", "digest": f"sha256:{digest}", "total": share}
        layers += [{**layer, "completed": share // 2}, {**layer, "completed": share}]
    ends = ("verifying sha256 digest", "writing manifest", "success")
    return [{"status": "pulling manifest"}, *layers, *({"status": status} for status in ends)]


async def create(request: Request) -> Response:
    """A model made from another: it is listed, and answers as any does."""
    body = await body_of(request)
    request.app.state.pulled.append(_model_of(body))
    return await _progress_reply(body, [{"status": "writing manifest"}, {"status": "success"}])


async def _progress_reply(body: Mapping[str, Any], steps: Sequence[Mapping[str, Any]]) -> Response:
    async def lines() -> AsyncIterator[Mapping[str, Any]]:
        for step in steps:
            yield step

    return json_lines(lines()) if body.get("stream", True) else JSONResponse(steps[-1])


async def copy(request: Request) -> Response:
    """A model under a second name."""
    request.app.state.pulled.append(str((await body_of(request)).get("destination")))
    return Response()


async def delete(request: Request) -> Response:
    """Remove a model."""
    model = _model_of(await body_of(request))
    pulled = request.app.state.pulled
    name = next((one for one in pulled if one in (model, f"{model}:latest")), None)
    if name is None:
        raise ServiceError(404, f"model '{model}' not found")
    pulled.remove(name)
    return Response()


async def version(_: Request) -> Response:
    """The version that this stands for."""
    return JSONResponse({"version": VERSION})


async def root(_: Request) -> Response:
    """The page at the root, as a browser shows it."""
    return PlainTextResponse("Ollama is running")


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


def application(journal: Journal) -> Starlette:
    """The service. It asks for no key."""
    posts = {
        "generate": generate,
        "chat": chat,
        "embed": embed,
        "embeddings": legacy_embeddings,
        "show": show,
        "pull": pull,
        "create": create,
        "copy": copy,
    }
    routes = [
        *(Route(f"/api/{name}", reply, methods=["POST"]) for name, reply in posts.items()),
        Route("/api/delete", delete, methods=["DELETE"]),
        Route("/api/tags", list_models, methods=["GET"]),
        Route("/api/ps", list_running, methods=["GET"]),
        Route("/api/version", version, methods=["GET"]),
        Route("/", root, methods=["GET", "HEAD"]),
        Mount("/v1", routes=openai.routes()),
    ]
    app = service("ollama", routes, journal, shape)
    openai.add_state(app)
    app.state.pulled = list(USUAL_MODELS)
    return app
