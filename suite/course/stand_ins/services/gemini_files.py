"""Gemini's `/files`, kept in memory: uploaded in one piece or several, referenced in requests, deleted.

The protocol is that of Google's resumable uploads: a first request describes the file and receives an address, those to
it bring the bytes, and the last of them says `finalize`.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from suite.course.stand_ins.services.http import ServiceError, new_id

KEPT = timedelta(hours=48)
"""How long the service would keep a file."""


@dataclass
class Stored:
    """A file that was sent, or of which the rest is still to come. `name` begins with `files/`."""

    name: str
    mime_type: str
    display_name: str
    content: bytearray = field(default_factory=bytearray)
    whole: bool = False
    created: datetime = field(default_factory=lambda: datetime.now(UTC))

    def as_json(self, base: str) -> dict[str, Any]:
        """The description of the file; `base` is the address before its name."""
        display_name = {"displayName": self.display_name} if self.display_name else {}
        digest = hashlib.sha256(self.content).hexdigest()
        return {
            "name": self.name,
            **display_name,
            "mimeType": self.mime_type,
            "sizeBytes": str(len(self.content)),
            "createTime": self.created.isoformat(),
            "updateTime": self.created.isoformat(),
            "expirationTime": (self.created + KEPT).isoformat(),
            "sha256Hash": base64.b64encode(digest.encode()).decode(),
            "uri": f"{base}{self.name}",
            "state": "ACTIVE",
            "source": "UPLOADED",
        }


def add_state(service: Starlette) -> None:
    """Add the state of these routes to a service: the uploaded files."""
    service.state.sent = {}


def routes() -> Sequence[BaseRoute]:
    """The routes."""
    return [
        Route("/upload/{version}/files", start_upload, methods=["POST"]),
        Route("/upload/{version}/files/{file}", continue_upload, methods=["POST", "PUT"]),
        Route("/{version}/files", list_files, methods=["GET"]),
        Route("/{version}/files/{file}", retrieve, methods=["GET"]),
        Route("/{version}/files/{file}", delete, methods=["DELETE"]),
    ]


def _base(request: Request) -> str:
    return f"{str(request.base_url).rstrip('/')}/{request.path_params['version']}/"


def _stored_file(request: Request, name: str) -> Stored:
    """A file by its name or address.

    Raises:
        ServiceError: there is none.
    """
    short = f"files/{name.rpartition('files/')[2]}"
    file: Stored | None = request.app.state.sent.get(short)
    if file is None:
        raise ServiceError(
            403, f"You do not have permission to access the File {short.partition('/')[2]} or it may not exist."
        )
    return file


async def start_upload(request: Request) -> Response:
    """Start a resumable upload, or, without the protocol, store the body as the file."""
    headers = request.headers
    resumable = "start" in headers.get("x-goog-upload-command", "")
    metadata = ((await request.json()).get("file") or {}) if resumable and await request.body() else {}
    kind = headers.get("x-goog-upload-header-content-type") or metadata.get("mimeType") or metadata.get("mime_type")
    file = Stored(
        metadata.get("name") or new_id("files/"),
        kind or headers.get("content-type") or "application/octet-stream",
        metadata.get("displayName") or metadata.get("display_name") or headers.get("x-goog-upload-file-name") or "",
    )
    if file.name in request.app.state.sent:
        raise ServiceError(409, f"Resource {file.name} already exists.")
    request.app.state.sent[file.name] = file
    if resumable:
        address = f"{str(request.url.replace(query='')).rstrip('/')}/{file.name.partition('/')[2]}"
        upload_headers = {"X-Goog-Upload-URL": f"{address}?upload_id={new_id('')}", "X-Goog-Upload-Status": "active"}
        return JSONResponse({}, headers=upload_headers)
    file.content += await request.body()
    file.whole = True
    return JSONResponse({"file": file.as_json(_base(request))})


async def continue_upload(request: Request) -> Response:
    """Store a piece of the file; the last one says so."""
    file = _stored_file(request, request.path_params["file"])
    file.content += await request.body()
    file.whole = "finalize" in request.headers.get("x-goog-upload-command", "finalize")
    status = {"X-Goog-Upload-Status": "final" if file.whole else "active"}
    return JSONResponse({"file": file.as_json(_base(request))} if file.whole else {}, headers=status)


async def list_files(request: Request) -> Response:
    """The files, latest first."""
    files = [file.as_json(_base(request)) for file in request.app.state.sent.values() if file.whole][::-1]
    return JSONResponse({"files": files} if files else {})


async def retrieve(request: Request) -> Response:
    """The description of a file."""
    return JSONResponse(_stored_file(request, request.path_params["file"]).as_json(_base(request)))


async def delete(request: Request) -> Response:
    """Delete a file."""
    del request.app.state.sent[_stored_file(request, request.path_params["file"]).name]
    return JSONResponse({})


def with_files(request: Request, body: dict[str, Any]) -> dict[str, Any]:
    """A request in which each file that it names is the file itself; one elsewhere on the web is left out.

    Raises:
        ServiceError: a file was never sent, or was deleted.
    """
    entries = body.get("contents") or []
    contents = entries if isinstance(entries, list) else [entries]
    parts = itertools.chain.from_iterable(one.get("parts") or [] for one in contents if isinstance(one, dict))
    for part in (one for one in parts if isinstance(one, dict) and "fileData" in one):
        reference = part.pop("fileData")
        address = str(reference.get("fileUri") or "")
        if "files/" in address and ("generativelanguage" in address or address.startswith((_base(request), "files/"))):
            file = _stored_file(request, address)
            part["inlineData"] = {
                "mimeType": reference.get("mimeType") or file.mime_type,
                "data": base64.b64encode(file.content).decode(),
            }
    return body
