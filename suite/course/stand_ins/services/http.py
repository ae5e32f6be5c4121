"""What the services have in common in HTTP: request bodies, streams, errors, and a note for each request."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from suite.course.stand_ins.access_log import Journal, Note

Reply = Callable[[Request], Awaitable[Response]]


class ServiceError(Exception):
    """An error reply, which each service writes in its own format."""

    def __init__(self, status: int, message: str, code: str | None = None, parameter: str | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.parameter = status, message, code, parameter


ErrorShape = Callable[[ServiceError], Response]
KeyCheck = Callable[[Request], ServiceError | None]
"""What is wrong with a request's key: an error where there is none at all, since any key opens a stand-in."""


def service(
    name: str, routes: Sequence[BaseRoute], journal: Journal, shape: ErrorShape, key: KeyCheck | None = None
) -> Starlette:
    """A service of these routes; every request is noted, and every error has the service's shape."""

    async def error_reply(request: Request, error: Exception) -> Response:
        return shape(_as_service_error(request, error))

    application = Starlette(
        routes=list(routes),
        middleware=[Middleware(_KeyCheckAndNotes, name=name, journal=journal, shape=shape, key=key)],
        exception_handlers={
            ServiceError: error_reply,
            HTTPException: error_reply,
            ValueError: error_reply,
            LookupError: error_reply,
        },
    )
    application.state.journal = journal
    return application


def _as_service_error(request: Request, error: Exception) -> ServiceError:
    if isinstance(error, ServiceError):
        return error
    if isinstance(error, HTTPException):
        if error.status_code == 404:
            return ServiceError(404, f"Invalid URL ({request.method} {request.url.path})")
        return ServiceError(error.status_code, str(error.detail))
    return ServiceError(500 if isinstance(error, LookupError) else 400, str(error))


class _KeyCheckAndNotes:
    """Asks for a key where the service wants one, and notes every request with its outcome."""

    def __init__(self, app: ASGIApp, name: str, journal: Journal, shape: ErrorShape, key: KeyCheck | None) -> None:
        self.app, self.name, self.journal, self.shape, self.key = app, name, journal, shape, key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        route = f"{request.method} {request.url.path}"
        host = request.headers.get("host", "")
        statuses: list[int] = []

        def record(status: int) -> None:
            statuses.append(status)
            self.journal.note(Note("service", route, str(status), {"service": self.name, "host": host}))

        async def send_and_record(message: Message) -> None:
            if message["type"] == "http.response.start":
                record(message["status"])  # before the client can go on, and the example end
            await send(message)

        try:
            if self.key and (refusal := self.key(request)):
                self.journal.note(Note("secret", self.name, "refused", {"route": route}))
                await self.shape(refusal)(scope, receive, send_and_record)
            else:
                await self.app(scope, receive, send_and_record)
        finally:
            if not statuses:
                record(500)


async def body_of(request: Request) -> dict[str, Any]:
    """The JSON object that was sent.

    Raises:
        ServiceError: it is none.
    """
    try:
        content = await request.json()
    except ValueError as error:
        raise ServiceError(400, f"We could not parse the JSON body of your request: {error}") from error
    if not isinstance(content, dict):
        raise ServiceError(400, "The body of your request is no JSON object.")
    return content


def number_of(
    body: Mapping[str, Any], name: str, default: Any, least: float | None = None, most: float | None = None
) -> Any:
    """A number of a request, which may be missing or null.

    Raises:
        ServiceError: it is not a number, or out of bounds.
    """
    value = body.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ServiceError(400, f"Invalid type for '{name}': expected a number.", "invalid_type", name)
    if least is not None and value < least:
        raise ServiceError(
            400,
            f"Invalid '{name}': number below minimum value. Expected a value >= {least}, but got {value} instead.",
            "integer_below_min_value" if isinstance(value, int) else "decimal_below_min_value",
            name,
        )
    if most is not None and value > most:
        raise ServiceError(
            400,
            f"Invalid '{name}': number above maximum value. Expected a value <= {most}, but got {value} instead.",
            "integer_above_max_value" if isinstance(value, int) else "decimal_above_max_value",
            name,
        )
    return value


def texts_of(value: Any) -> tuple[str, ...]:
    """One text or several, as a tuple: stop sequences, inputs."""
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(str(text) for text in value)


def as_list(value: Any) -> list[Any]:
    """One value, or a list of them, as a list."""
    return list(value) if isinstance(value, list) else [value]


def server_sent(events: AsyncIterator[Any], names: bool = False, end: str | None = None) -> StreamingResponse:
    """Objects as server-sent events, with their `type` as the event's name if `names`, and a last line."""

    async def lines() -> AsyncIterator[str]:
        async for event in events:
            name = f"event: {event['type']}\n" if names else ""
            yield f"{name}data: {compact(event)}\n\n"
        if end is not None:
            yield f"data: {end}\n\n"

    return StreamingResponse(lines(), media_type="text/event-stream", headers={"Cache-Control": "no-cache"})


def json_lines(objects: AsyncIterator[Any]) -> StreamingResponse:
    """Objects, one a line."""

    async def lines() -> AsyncIterator[str]:
        async for one in objects:
            yield compact(one) + "\n"

    return StreamingResponse(lines(), media_type="application/x-ndjson")


def compact(value: Any) -> str:
    """JSON without spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def new_id(prefix: str) -> str:
    """An identifier as services make them."""
    return prefix + secrets.token_hex(12)


def now() -> int:
    """Seconds since the epoch."""
    return int(time.time())
