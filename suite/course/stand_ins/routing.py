"""Who answers for which host: the Hub, a model service, or samples of media."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from suite.course.stand_ins.access_log import Journal
from suite.course.stand_ins.hub.server import hub
from suite.course.stand_ins.services import LOCAL, applications, service_for
from suite.course.stand_ins.web import media

HUB = ("huggingface.co", "www.huggingface.co", "hf.co", "hub-ci.huggingface.co")
SERVICES_BY_PATH = (
    ("/v1beta/", "gemini"),
    ("/upload/v1", "gemini"),
    ("/v1/messages", "anthropic"),
    ("/v1/", "local-openai"),
    ("/api/generate", "ollama"),
    ("/api/chat", "ollama"),
    ("/api/tags", "ollama"),
    ("/api/show", "ollama"),
    ("/api/pull", "ollama"),
    ("/api/embed", "ollama"),
    ("/api/ps", "ollama"),
    ("/api/version", "ollama"),
)
"""The service by the start of the path, where all stand-ins share one port: the first that fits, else the Hub."""


class Hosts:
    """The ASGI application of the closed network. That of each host is made at the first request to it."""

    def __init__(self, journal: Journal, hints: Mapping[str, str], cache: Path) -> None:
        self.journal, self.hints, self.cache = journal, hints, cache

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass a request on to whom its host names."""
        if scope["type"] != "http":
            return
        host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")
        name, _, port = host.rpartition(":") if host.rpartition(":")[2].isdigit() else (host, "", "")
        secured = scope.get("scheme") == "https"
        app = self._app(name.strip("[]").lower(), int(port or (443 if secured else 80)), scope["path"])
        await app(scope, receive, send)

    def _app(self, name: str, port: int, path: str) -> Any:
        if name in HUB:
            return self._hub
        service = service_for(name, port)
        if service is None and name in LOCAL:
            services = (other for start, other in SERVICES_BY_PATH if path.startswith(start))
            service = next(services, None)
            if service is None:
                return self._hub
        if service is not None:
            return self._services[service]
        return self._media

    @functools.cached_property
    def _hub(self) -> Any:
        return hub(self.journal, self.hints, self.cache)

    @functools.cached_property
    def _services(self) -> Mapping[str, Any]:
        return applications(self.journal)

    @functools.cached_property
    def _media(self) -> Any:
        return media(self.journal)


def application(journal: Journal, hints: Mapping[str, str], cache: Path) -> Hosts:
    """The application, with the hints of a document's code."""
    return Hosts(journal, hints, cache)
