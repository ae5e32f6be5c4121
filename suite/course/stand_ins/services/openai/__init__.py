"""OpenAI's API, and that of everyone who speaks it: Azure, Groq, Together, OpenRouter, LM Studio, vLLM and others."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount, Route

from suite.course.stand_ins.access_log import Journal
from suite.course.stand_ins.services.http import Reply, service
from suite.course.stand_ins.services.openai import (
    audio,
    chat,
    completions,
    embeddings,
    errors,
    files,
    fine_tuning,
    images,
    responses,
)

BASES = (
    "/v1",
    "/openai/v1",
    "/api/v1",
    "/inference/v1",
    "/v1/openai",
    "/compatible-mode/v1",
    "/api/paas/v4",
    "/inference",
    "/models",
    "/openai/deployments/{deployment}",
    "",
)
"""What stands before the routes: OpenAI's and most others', Groq's and Azure's newer, OpenRouter's, Fireworks',
DeepInfra's, DashScope's, Zhipu's, GitHub's, Azure's for other models and its older, and that of those who put nothing
there (DeepSeek, Perplexity)."""


def routes() -> Sequence[BaseRoute]:
    """The routes, without what stands before them."""
    return [
        _post("/chat/completions", chat.chat_completions),
        _post("/completions", completions.completions),
        _post("/responses", responses.create),
        _get("/responses/{response}", responses.retrieve),
        _delete("/responses/{response}", responses.delete),
        _post("/embeddings", embeddings.embeddings),
        _post("/moderations", embeddings.moderations),
        _post("/audio/transcriptions", audio.transcriptions),
        _post("/audio/translations", audio.translations),
        _post("/audio/speech", audio.speech),
        _post("/images/generations", images.generations),
        _post("/images/edits", images.edits),
        _post("/images/variations", images.edits),
        _get("/models", files.list_models),
        Route("/models/{model:path}", files.retrieve_model, methods=["GET", "DELETE"]),
        _post("/files", files.upload),
        _get("/files", files.list_files),
        _get("/files/{file}", files.retrieve),
        _delete("/files/{file}", files.delete),
        _get("/files/{file}/content", files.content),
        _post("/fine_tuning/jobs", fine_tuning.create),
        _get("/fine_tuning/jobs", fine_tuning.list_jobs),
        _get("/fine_tuning/jobs/{job}", fine_tuning.retrieve),
        _post("/fine_tuning/jobs/{job}/cancel", fine_tuning.cancel),
        _get("/fine_tuning/jobs/{job}/events", fine_tuning.events),
        _get("/fine_tuning/jobs/{job}/checkpoints", fine_tuning.checkpoints),
    ]


def _get(path: str, reply: Reply) -> Route:
    return Route(path, reply, methods=["GET"])


def _post(path: str, reply: Reply) -> Route:
    return Route(path, reply, methods=["POST"])


def _delete(path: str, reply: Reply) -> Route:
    return Route(path, reply, methods=["DELETE"])


def application(journal: Journal, *, name: str = "openai", needs_key: bool = True) -> Starlette:
    """The service. A server of one's own (LM Studio, vLLM) needs no key."""
    mounted = [Mount(base, routes=routes()) for base in BASES]
    pictures = _get("/generated/{name}.png", images.retrieve)
    app = service(name, [pictures, *mounted], journal, errors.shape, errors.key if needs_key else None)
    add_state(app)
    return app


def add_state(service: Starlette) -> None:
    """Add the state of these routes to a service: files, jobs, responses and images."""
    state = service.state
    state.files, state.jobs, state.responses, state.pictures = {}, {}, {}, {}
