"""`/images/generations`, and edits and variations, which are new pictures too."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from suite.course.stand_ins.services import local_models
from suite.course.stand_ins.services.http import ServiceError, body_of, new_id, now, number_of

USUAL_SIZE = "1024x1024"
LARGEST = 2048
MOST = 10


async def generations(request: Request) -> Response:
    """Pictures of a thing that has the size, colour and shape that the prompt names, if it names any."""
    body = await body_of(request)
    if not body.get("prompt"):
        raise ServiceError(400, "Missing required parameter: 'prompt'.", "missing_required_parameter", "prompt")
    return await _pictures(request, body)


async def edits(request: Request) -> Response:
    """A picture made after another: a new one of the prompt."""
    async with request.form() as form:
        body = {name: value for name, value in form.items() if isinstance(value, str)}
    numbers = {"n": int(body["n"])} if body.get("n", "").isdecimal() else {}
    return await _pictures(request, {"prompt": "a variation", **body, **numbers})


async def _pictures(request: Request, body: Mapping[str, Any]) -> Response:
    size = str(body.get("size") or USUAL_SIZE).replace("auto", USUAL_SIZE)
    sides = re.fullmatch(r"(\d+)x(\d+)", size)
    if not sides or not all(0 < int(side) <= LARGEST for side in sides.groups()):
        raise ServiceError(400, f"Invalid value: '{size}' is no size: write {USUAL_SIZE!r}.", "invalid_value", "size")
    model = str(body.get("model") or "dall-e-2")
    shape = "b64_json" if model.startswith("gpt-image") else body.get("response_format") or "url"
    data = []
    for number in range(int(number_of(body, "n", 1, 1, MOST))):
        width, height = map(int, sides.groups())
        content = await local_models.on_models(image_file, body["prompt"], number, width, height)
        revised = {"revised_prompt": body["prompt"]} if model == "dall-e-3" else {}
        if shape == "b64_json":
            data.append({"b64_json": base64.b64encode(content).decode(), **revised})
        else:
            name = new_id("img-")
            request.app.state.pictures[name] = content
            data.append({"url": f"{request.url.scheme}://{request.url.netloc}/generated/{name}.png", **revised})
    return JSONResponse({"created": now(), "data": data})


def image_file(prompt: str, number: int, width: int, height: int) -> bytes:
    """A picture for a prompt, as a PNG."""
    into = io.BytesIO()
    local_models.draw(prompt, number).resize((width, height)).save(into, "PNG")
    return into.getvalue()


async def retrieve(request: Request) -> Response:
    """A picture that was made, by its address."""
    content = request.app.state.pictures.get(request.path_params["name"])
    if content is None:
        raise ServiceError(404, "There is no such picture.")
    return Response(content, media_type="image/png")
