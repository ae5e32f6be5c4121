"""Google's Gemini API: `models/NAME:generateContent` and its like, at any version of the API."""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route

from suite.course.stand_ins.access_log import Journal
from suite.course.stand_ins.services import gemini_files, local_models, openai
from suite.course.stand_ins.services.conversation import (
    Call,
    Conversation,
    Tool,
    Turn,
    answers,
    decode_base64,
    note_capped,
    open_image,
)
from suite.course.stand_ins.services.generation import Answer, Sampling
from suite.course.stand_ins.services.http import (
    Reply,
    ServiceError,
    as_list,
    body_of,
    compact,
    new_id,
    number_of,
    server_sent,
    service,
    texts_of,
)
from suite.course.stand_ins.services.openai.embeddings import size_of
from suite.course.stand_ins.services.openai.images import image_file
from suite.course.stand_ins.services.openai.requests import usage_of

FINISHES = {"stop": "STOP", "length": "MAX_TOKENS"}
STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    500: "INTERNAL",
}
MODELS = ("gemini-2.5-flash", "gemini-2.5-pro", "gemini-2.0-flash", "gemini-1.5-flash", "gemini-1.5-pro")
EMBEDDERS = ("gemini-embedding-001", "text-embedding-004")
USUAL_EMBEDDING = {"text-embedding-004": 768, "embedding-001": 768}
THE_CALLERS_OWN = {
    "parameters",
    "parametersJsonSchema",
    "responseSchema",
    "responseJsonSchema",
    "args",
    "response",
}
NO_KEY = (
    "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other "
    "form of API consumer identity to call this API."
)


def shape(error: ServiceError) -> JSONResponse:
    """An error as Google's services write it."""
    status = STATUSES.get(error.status, HTTPStatus(error.status).name)
    return JSONResponse({"error": {"code": error.status, "message": error.message, "status": status}}, error.status)


def key(request: Request) -> ServiceError | None:
    """A refusal where no key was sent, in a header or in the address."""
    parameters = request.query_params  # the address of an upload is a key of its own
    api_key = request.headers.get("x-goog-api-key") or parameters.get("key") or parameters.get("upload_id")
    return None if api_key or request.headers.get("authorization") else ServiceError(403, NO_KEY)


async def generate_content(request: Request) -> Response:
    """An answer, or as many as `candidateCount` says."""
    body = gemini_files.with_files(request, _camel_case(await body_of(request)))
    conversation, results = await _start(body)
    for answer in results:
        await local_models.on_models(answer.whole)
    note_capped(request.app.state.journal, results)
    candidates = [
        _candidate(index, _parts(answer.text, conversation.call), FINISHES[answer.finish])
        for index, answer in enumerate(results)
    ]
    return JSONResponse(_response(request, candidates, results))


async def stream_generate_content(request: Request) -> Response:
    """An answer in pieces: server-sent events where the address says `alt=sse`, else one array."""
    body = gemini_files.with_files(request, _camel_case(await body_of(request)))
    conversation, results = await _start(body)
    chunks = _chunks(request, conversation, results)
    if request.query_params.get("alt") == "sse":
        return server_sent(chunks)

    async def array() -> AsyncIterator[str]:
        opening = "["
        async for chunk in chunks:
            yield opening + compact(chunk)
            opening = ",\r\n"
        yield "]"

    return StreamingResponse(array(), media_type="application/json")


async def _chunks(
    request: Request, conversation: Conversation, results: Sequence[Answer]
) -> AsyncIterator[dict[str, Any]]:
    for index, answer in enumerate(results):
        async for piece in local_models.pieces_on_models(answer.pieces()):
            if not conversation.call:
                yield _response(request, [_candidate(index, _parts(piece, None), None)], results)
        last = _parts(answer.text if conversation.call else "", conversation.call)
        yield _response(request, [_candidate(index, last, FINISHES[answer.finish])], results)
    note_capped(request.app.state.journal, results)


async def _start(body: Mapping[str, Any]) -> tuple[Conversation, list[Answer]]:
    conversation = await local_models.on_models(_conversation_of, body)
    count = int(number_of(_config(body), "candidateCount", 1, 1, 8))
    return conversation, await local_models.on_models(answers, conversation, count)


def _camel_case(value: Any) -> Any:
    """A request with every key as `camelCase`; the API takes `snake_case` too, and clients mix the two.

    What is the caller's own (schemas, arguments) stays as it is.
    """
    if isinstance(value, list):
        return [_camel_case(one) for one in value]
    if not isinstance(value, dict):
        return value
    renamed = {re.sub(r"_([a-z])", lambda match: match[1].upper(), name): one for name, one in value.items()}
    return {name: one if name in THE_CALLERS_OWN else _camel_case(one) for name, one in renamed.items()}


def _config(body: Mapping[str, Any]) -> Mapping[str, Any]:
    return body.get("generationConfig") or {}


def _conversation_of(body: Mapping[str, Any]) -> Conversation:
    """A request's contents, its system instruction first."""
    if not body.get("contents"):
        raise ServiceError(400, "* GenerateContentRequest.contents: contents is not specified")
    config = _config(body)
    instruction = body.get("systemInstruction")
    turns = [_turn_of(instruction, "system")] if instruction else []
    turns += [_turn_of(content, content.get("role") or "user") for content in as_list(body["contents"])]
    limit = number_of(config, "maxOutputTokens", None, 1)
    sampling = Sampling(
        max_tokens=None if limit is None else int(limit),
        temperature=number_of(config, "temperature", 1.0, 0, 2),
        top_p=number_of(config, "topP", 0.95, 0, 1),
        top_k=int(number_of(config, "topK", 64, 0)),
        stop=texts_of(config.get("stopSequences")),
        seed=number_of(config, "seed", None),
    )
    schema = config.get("responseJsonSchema") or config.get("responseSchema")
    if schema is None and config.get("responseMimeType") == "application/json":
        schema = {}
    return Conversation(turns, sampling, _tools_of(body), schema)


def _turn_of(content: Mapping[str, Any], role: str) -> Turn:
    """A content as a turn: its texts, images and transcribed audio."""
    entries = as_list(content.get("parts") or [])
    parts: list[dict[str, Any]] = [part if isinstance(part, dict) else {"text": str(part)} for part in entries]
    texts = [str(part["text"]) for part in parts if part.get("text")]
    images = []
    for part in parts:
        data: dict[str, Any] = part.get("inlineData") or {}
        kind = str(data.get("mimeType") or "")
        if kind.startswith("image/"):
            images.append(open_image(decode_base64(data.get("data", ""))))
        elif kind.startswith("audio/"):
            texts.append(local_models.transcribe(local_models.decode_audio(decode_base64(data.get("data", "")))))
        elif kind.startswith("text/"):
            texts.append(decode_base64(data.get("data", "")).decode(errors="replace"))
    results = [part["functionResponse"] for part in parts if part.get("functionResponse")]
    texts += [compact(result.get("response")) for result in results]
    return Turn(role, "\n".join(texts), tuple(images), bool(results))


def _tools_of(body: Mapping[str, Any]) -> list[Tool]:
    """The functions that may be called."""
    calling = (body.get("toolConfig") or {}).get("functionCallingConfig") or {}
    if calling.get("mode") == "NONE":
        return []
    declared = [one for tool in body.get("tools") or () for one in tool.get("functionDeclarations") or ()]
    allowed = calling.get("allowedFunctionNames")
    return [
        Tool(one["name"], one.get("description") or "", one.get("parameters") or one.get("parametersJsonSchema") or {})
        for one in declared
        if not allowed or one["name"] in allowed
    ]


def _parts(text: str, call: Call | None) -> list[dict[str, Any]]:
    return [{"functionCall": {"name": call.name, "args": call.arguments}}] if call else [{"text": text}]


def _candidate(index: int, parts: list[dict[str, Any]], finish: str | None) -> dict[str, Any]:
    finish_reason = {"finishReason": finish} if finish else {}
    return {"content": {"parts": parts, "role": "model"}, "index": index, **finish_reason}


def _response(request: Request, candidates: list[dict[str, Any]], results: Sequence[Answer]) -> dict[str, Any]:
    counts = usage_of(results, len(results))
    usage = {
        "promptTokenCount": counts["prompt_tokens"],
        "candidatesTokenCount": counts["completion_tokens"],
        "totalTokenCount": counts["total_tokens"],
    }
    return {
        "candidates": candidates,
        "usageMetadata": usage,
        "modelVersion": request.path_params["model"],
        "responseId": new_id(""),
    }


async def count_tokens(request: Request) -> Response:
    """The tokens of a request, as the model counts them."""
    body = _camel_case(await body_of(request))
    body = gemini_files.with_files(request, body.get("generateContentRequest") or body)
    conversation = await local_models.on_models(_conversation_of, body)
    prompt = (await local_models.on_models(answers, conversation))[0].prompt
    return JSONResponse({"totalTokens": len(prompt)})


async def embed_content(request: Request) -> Response:
    """The embedding of one content."""
    return JSONResponse({"embedding": (await _embed(request, [_camel_case(await body_of(request))]))[0]})


async def batch_embed_contents(request: Request) -> Response:
    """The embeddings of several contents."""
    body = _camel_case(await body_of(request))
    return JSONResponse({"embeddings": await _embed(request, body.get("requests") or [])})


async def _embed(request: Request, contents: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    model = request.path_params["model"]
    embeddings = []
    for one in contents:
        text = _turn_of(one.get("content") or {}, "user").text
        if not text:
            raise ServiceError(400, "* EmbedContentRequest.content: contents is not specified")
        config = one.get("embedContentConfig") or one
        size = number_of(config, "outputDimensionality", USUAL_EMBEDDING.get(model) or size_of(model), 1)
        vectors, _ = await local_models.on_models(local_models.embed, [text], int(size))
        embeddings.append({"values": vectors[0].tolist()})
    return embeddings


async def predict(request: Request) -> Response:
    """Pictures, in Imagen's words."""
    body = _camel_case(await body_of(request))
    count = int(number_of(body.get("parameters") or {}, "sampleCount", 1, 1, 4))
    prompt = str((as_list(body.get("instances") or [{}])[0]).get("prompt", ""))
    contents = [await local_models.on_models(image_file, prompt, number, 1024, 1024) for number in range(count)]
    predictions = [
        {"mimeType": "image/png", "bytesBase64Encoded": base64.b64encode(content).decode()} for content in contents
    ]
    return JSONResponse({"predictions": predictions})


async def list_models(_: Request) -> Response:
    """The models."""
    return JSONResponse({"models": [_model_object(name) for name in (*MODELS, *EMBEDDERS)]})


async def retrieve_model(request: Request) -> Response:
    """The description of a model; any name is accepted."""
    return JSONResponse(_model_object(request.path_params["model"]))


def _model_object(name: str) -> dict[str, Any]:
    chats = ["generateContent", "countTokens", "streamGenerateContent"]
    return {
        "name": f"models/{name}",
        "version": "001",
        "displayName": name,
        "description": "A stand-in.",
        "inputTokenLimit": 1_048_576,
        "outputTokenLimit": 8192,
        "supportedGenerationMethods": ["embedContent"] if "embedding" in name else chats,
        "temperature": 1,
        "topP": 0.95,
        "topK": 64,
    }


METHODS: Mapping[str, Reply] = {
    "generateContent": generate_content,
    "streamGenerateContent": stream_generate_content,
    "countTokens": count_tokens,
    "embedContent": embed_content,
    "batchEmbedContents": batch_embed_contents,
    "predict": predict,
}


def application(journal: Journal) -> Starlette:
    """The service."""
    calls = [
        Route(f"/{{version}}/{kind}/{{model}}:{method}", reply, methods=["POST"])
        for method, reply in METHODS.items()
        for kind in ("models", "tunedModels")
    ]
    lookups = [
        Route("/{version}/models", list_models, methods=["GET"]),
        Route("/{version}/models/{model}", retrieve_model, methods=["GET"]),
    ]
    files = gemini_files.routes()
    # Google speaks OpenAI's language too, at an address of its own.
    app = service(
        "gemini", [Mount("/v1beta/openai", routes=openai.routes()), *calls, *lookups, *files], journal, shape, key
    )
    openai.add_state(app)
    gemini_files.add_state(app)
    return app
