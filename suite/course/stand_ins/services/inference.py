"""HF Inference: the present router, and the older address, which answers that it was removed."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from suite.course.stand_ins.access_log import Journal
from suite.course.stand_ins.services import local_models, openai, pipelines
from suite.course.stand_ins.services.conversation import note_capped, open_image
from suite.course.stand_ins.services.http import ServiceError, server_sent, service
from suite.course.stand_ins.services.openai.chat import chat_completions

TaskOf = Callable[[str], str | None]
"""The pipeline task of a model by its id, `None` if it is not known."""

GONE = "https://api-inference.huggingface.co is no longer supported. Please use https://router.huggingface.co instead."
"""What the real one answered when it was last seen to answer, with status 410."""
PROVIDER = "hf-inference"
NAMED = (
    (r"sst-?2|sentiment|emotion|go_emotions|toxic", "text-classification"),
    (r"\bner\b|conll", "token-classification"),
    (r"squad|-qa\b", "question-answering"),
    (r"mnli|zero-?shot|nli", "zero-shot-classification"),
    (r"cnn|xsum|samsum|pegasus|summar", "summarization"),
    (r"opus-mt|nllb|mbart|m2m|\bt5-", "translation"),
    (r"minilm|sentence-transformers|\bbge|\bgte|\be5-|mpnet", "feature-extraction"),
    (r"whisper|wav2vec|hubert", "automatic-speech-recognition"),
    (r"vits|tts|bark|speecht5|mms-tts|kokoro", "text-to-speech"),
    (r"stable-diffusion|flux|sdxl|dall-e", "text-to-image"),
    (r"detr|yolo", "object-detection"),
    (r"blip|git-|caption", "image-to-text"),
    (r"vit-|resnet|convnext|swin", "image-classification"),
    (r"bert-|roberta|albert|electra", "fill-mask"),
)
"""Tasks by what is in a model's name, where nobody knows the model: the first that fits."""


def provider_mapping(model_id: str, task: str) -> dict[str, dict[str, Any]]:
    """The Hub's `inferenceProviderMapping` of a model: that HF Inference serves it, and for which task.

    A model that generates text is listed as one that converses: clients look for that task before they send a chat.
    """
    conversing = task in ("text-generation", "image-text-to-text")
    listed_task = "conversational" if conversing else {"text-to-audio": "text-to-speech"}.get(task, task)
    return {PROVIDER: {"status": "live", "providerId": model_id, "task": listed_task, "isModelAuthor": False}}


def shape(error: ServiceError) -> JSONResponse:
    """An error as HF Inference writes it."""
    return JSONResponse({"error": error.message}, error.status)


def key(request: Request) -> ServiceError | None:
    """A refusal where no token was sent."""
    if request.headers.get("authorization", "").removeprefix("Bearer").strip():
        return None
    return ServiceError(401, "Invalid username or password.")


def application(journal: Journal, task_of: TaskOf | None = None) -> Starlette:
    """`router.huggingface.co`. `task_of` gives the task of a model, which is guessed where it gives None."""

    async def run_task(request: Request) -> Response:
        return await _run_task(request, task_of or (lambda _: None))

    async def chat(request: Request) -> Response:
        return await chat_completions(request)

    one = f"/{PROVIDER}/models/{{model:path}}"
    routes = [
        Route(f"{one}/v1/chat/completions", chat, methods=["POST"]),
        Route(f"{one}/pipeline/{{task}}", run_task, methods=["POST"]),
        Route(one, run_task, methods=["POST"]),
        # An endpoint of one's own has an address, and no model in it.
        Route("/", run_task, methods=["POST"]),
        Mount("/v1", routes=openai.routes()),
        *(Mount(base, routes=openai.routes()) for base in PROVIDERS),
    ]
    app = service("hf-inference", routes, journal, shape, key)
    openai.add_state(app)
    return app


PROVIDERS = ("/{provider}/v1", "/{provider}/openai/v1", "/{provider}/inference/v1", "/{provider}/v3/openai")
"""Where the router puts what other providers serve in OpenAI's words."""


def removed_application(journal: Journal) -> Starlette:
    """`api-inference.huggingface.co`, which ended in favour of the router."""

    async def refuse(_: Request) -> Response:
        raise ServiceError(410, GONE)

    every = Route("/{path:path}", refuse, methods=["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
    return service("hf-inference-removed", [every], journal, shape)


async def _run_task(request: Request, task_of: TaskOf) -> Response:
    """One call of a task."""
    model = request.path_params.get("model", "")
    call = await _call_of(request, model)
    task = request.path_params.get("task") or task_of(model) or await local_models.on_models(guess_task, call)
    if task == "text-generation" and call["inputs"]:
        return await _generate_text(request, call)
    output = await local_models.on_models(pipelines.run_task, task, call)
    if isinstance(output, bytes):
        return Response(output, media_type=pipelines.media_type(output))
    return JSONResponse(output)


async def _call_of(request: Request, model: str) -> dict[str, Any]:
    """The inputs, parameters, model and streaming of a call, sent as JSON or as the bytes of a file."""
    content = await request.body()
    call: Any = content
    if content[:1] in (b"{", b"["):
        try:
            call = await request.json()
        except ValueError as error:
            raise ServiceError(400, f"The body of the request is no JSON: {error}") from error
    if not isinstance(call, dict):
        call = {"inputs": call}
    parameters = call.get("parameters") or {}
    loose_parameters = {
        name: value for name, value in call.items() if name not in ("inputs", "parameters", "options", "stream")
    }
    return {
        "inputs": call.get("inputs"),
        "parameters": {**loose_parameters, **parameters},
        "model": model,
        "stream": bool(call.get("stream")),
    }


async def _generate_text(request: Request, call: dict[str, Any]) -> Response:
    """The continuation of a text, whole or token by token."""
    journal = request.app.state.journal
    if not call["stream"]:
        answer = await local_models.on_models(lambda: pipelines.generation(call).whole())
        note_capped(journal, [answer])
        return JSONResponse(pipelines.generation_output(call, answer))

    async def events() -> AsyncIterator[dict[str, Any]]:
        answer = await local_models.on_models(pipelines.generation, call)
        place, reported = 0, 0
        async for piece in local_models.pieces_on_models(answer.pieces()):
            logprob = sum(token.logprob for token in answer.tokens[reported:])
            reported = len(answer.tokens)
            token = {"id": place, "text": piece, "logprob": logprob, "special": False}
            yield {"index": place, "token": token, "generated_text": None, "details": None}
            place += 1
        note_capped(journal, [answer])
        details = pipelines.generation_details(answer)
        last_token = {"id": place, "text": "", "logprob": 0.0, "special": True}
        whole = pipelines.full_text(call, answer)
        yield {"index": place, "token": last_token, "generated_text": whole, "details": details}

    return server_sent(events())


def guess_task(call: dict[str, Any]) -> str:
    """The task of a call to an unknown model, from its inputs and then from the model's name."""
    inputs, parameters = call["inputs"], call["parameters"]
    if isinstance(inputs, dict):
        for name, task in (
            ("context", "question-answering"),
            ("source_sentence", "sentence-similarity"),
            ("table", "table-question-answering"),
            ("image", "visual-question-answering"),
        ):
            if name in inputs:
                return task
    if "candidate_labels" in parameters:
        return "zero-shot-classification"
    by_name = next((task for pattern, task in NAMED if re.search(pattern, call["model"].lower())), None)
    if isinstance(inputs, bytes) and by_name is None:
        try:
            open_image(inputs)
        except ValueError:
            return "automatic-speech-recognition"
        return "image-classification"
    return by_name or "text-generation"
