"""OpenAI's errors and keys."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse

from suite.course.stand_ins.services.http import ServiceError

NO_KEY = (
    "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth "
    "(i.e. Authorization: Bearer YOUR_KEY)."
)
TYPES = {429: "rate_limit_error", 500: "server_error"}


def shape(error: ServiceError) -> JSONResponse:
    """An error as OpenAI and those that speak its language write it."""
    content = {
        "message": error.message,
        "type": TYPES.get(error.status, "invalid_request_error"),
        "param": error.parameter,
        "code": error.code,
    }
    return JSONResponse({"error": content}, error.status)


def key(request: Request) -> ServiceError | None:
    """A refusal where no key was sent; pictures that were made lie open, as the real ones do."""
    bearer = request.headers.get("authorization", "").removeprefix("Bearer").strip()
    if bearer or request.headers.get("api-key") or request.url.path.startswith("/generated/"):
        return None
    return ServiceError(401, NO_KEY)
