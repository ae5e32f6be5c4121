"""OpenAI's API, and that of everyone who speaks it: Azure, Groq, Together, OpenRouter, LM Studio, vLLM and others."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount, Route

from suite.standins.journal import Journal
from suite.standins.services.openai import chat, completions, embeddings, errors
from suite.standins.services.wire import service

BASES = (
    "/v1",
    "/openai/v1",
    "/api/v1",
    "/inference/v1",
    "/v1beta/openai",
    "/compatible-mode/v1",
    "/openai/deployments/{deployment}",
    "",
)
"""What stands before the routes: OpenAI's and most others', Groq's and Azure's newer, OpenRouter's and LM Studio's,
Fireworks', Gemini's, DashScope's, Azure's older, and DeepSeek's and Perplexity's."""


def routes() -> Sequence[BaseRoute]:
    """The routes, without what stands before them."""
    return [
        Route("/chat/completions", chat.chat_completions, methods=["POST"]),
        Route("/completions", completions.completions, methods=["POST"]),
        Route("/embeddings", embeddings.embeddings, methods=["POST"]),
        Route("/moderations", embeddings.moderations, methods=["POST"]),
    ]


def application(journal: Journal, *, name: str = "openai", needs_key: bool = True) -> Starlette:
    """The service. A server of one's own (LM Studio, vLLM) needs no key."""
    mounted = [Mount(base, routes=routes()) for base in BASES]
    return service(name, mounted, journal, errors.shape, errors.key if needs_key else None)
