"""`/files`, kept in memory, and `/models`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from suite.course.stand_ins.services.http import ServiceError, new_id, now

MODELS = (
    "gpt-3.5-turbo", "gpt-4", "gpt-4o", "gpt-4o-mini", "gpt-4.1", "text-embedding-ada-002", "text-embedding-3-small",
    "text-embedding-3-large", "whisper-1", "tts-1", "dall-e-2", "dall-e-3", "omni-moderation-latest",
)  # fmt: skip
"""Models that are listed. Others are answered all the same."""


@dataclass(frozen=True)
class Stored:
    """A file that was uploaded or is the result of a job."""

    filename: str
    purpose: str
    content: bytes
    id: str = field(default_factory=lambda: new_id("file-"))
    created: int = field(default_factory=now)

    @property
    def as_json(self) -> dict[str, Any]:
        """The description of the file."""
        return {
            "id": self.id,
            "object": "file",
            "bytes": len(self.content),
            "created_at": self.created,
            "filename": self.filename,
            "purpose": self.purpose,
            "status": "processed",
            "expires_at": None,
            "status_details": None,
        }


async def upload(request: Request) -> Response:
    """Store a file."""
    async with request.form() as form:
        file, purpose = form.get("file"), form.get("purpose")
        if not isinstance(file, UploadFile):
            raise ServiceError(400, "Missing required parameter: 'file'.", "missing_required_parameter", "file")
        if not isinstance(purpose, str):
            raise ServiceError(400, "Missing required parameter: 'purpose'.", "missing_required_parameter", "purpose")
        stored = Stored(file.filename or "file", purpose, await file.read())
    request.app.state.files[stored.id] = stored
    return JSONResponse(stored.as_json)


async def list_files(request: Request) -> Response:
    """The files, those of a purpose if one is named, latest first."""
    purpose = request.query_params.get("purpose")
    objects = [file.as_json for file in request.app.state.files.values() if purpose in (None, file.purpose)][::-1]
    return JSONResponse(page_of(objects))


def page_of(objects: list[dict[str, Any]]) -> dict[str, Any]:
    """A list that has no further pages."""
    ends = (
        {"first_id": objects[0]["id"], "last_id": objects[-1]["id"]} if objects else {"first_id": None, "last_id": None}
    )
    return {"object": "list", "data": objects, "has_more": False, **ends}


async def retrieve(request: Request) -> Response:
    """The description of a file."""
    return JSONResponse(stored_file(request, request.path_params["file"]).as_json)


async def content(request: Request) -> Response:
    """What is in a file."""
    return Response(stored_file(request, request.path_params["file"]).content, media_type="application/octet-stream")


async def delete(request: Request) -> Response:
    """Delete a file."""
    file = stored_file(request, request.path_params["file"])
    del request.app.state.files[file.id]
    return JSONResponse({"id": file.id, "object": "file", "deleted": True})


def stored_file(request: Request, name: str) -> Stored:
    """A file that is kept.

    Raises:
        ServiceError: there is none of that name.
    """
    try:
        return request.app.state.files[name]
    except KeyError:
        raise ServiceError(404, f"No such File object: {name}", None, "id") from None


async def list_models(request: Request) -> Response:
    """The models, those among them that were fine-tuned here."""
    tuned = [job.tuned for job in request.app.state.jobs.values() if job.tuned]
    return JSONResponse({"object": "list", "data": [_model_object(name) for name in (*MODELS, *tuned)]})


async def retrieve_model(request: Request) -> Response:
    """The description of a model; any name is accepted."""
    name = request.path_params["model"]
    if request.method == "DELETE":
        return JSONResponse({"id": name, "object": "model", "deleted": True})
    return JSONResponse(_model_object(name))


def _model_object(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 1_700_000_000, "owned_by": "system"}
