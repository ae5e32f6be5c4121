"""Answers any address on the open web by what its path asks for: a picture, a sound, a table, a text, a page.

Pictures are scenes of the generated world and sounds are its speech, a few different ones by the address's hash. What
cannot be made (films, archives, weights) is refused with 404. Every request is noted as a "host".
"""

from __future__ import annotations

import functools
import hashlib
import io
import json
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from suite.course.stand_ins import shipped
from suite.course.stand_ins.access_log import Journal, Note

DIFFERENT = 8
SIDE, SAMPLING_RATE = 256, 16_000
PICTURES = {"jpg": "JPEG", "jpeg": "JPEG", "png": "PNG", "webp": "WEBP", "gif": "GIF", "bmp": "BMP"}
SOUNDS = {"wav": "WAV", "flac": "FLAC", "mp3": "MP3", "ogg": "OGG"}
TYPES = {
    "jpg": "image/jpeg", "mp3": "audio/mpeg", "txt": "text/plain", "md": "text/markdown", "csv": "text/csv",
    "json": "application/json", "html": "text/html; charset=utf-8", "parquet": "application/octet-stream",
}  # fmt: skip
PAGE = "<!doctype html><html><head><title>{title}</title></head><body><h1>{title}</h1><p>{text}</p></body></html>"


def media(journal: Journal) -> Starlette:
    """The application; it answers for every host that nothing else answers for."""

    async def answer(request: Request) -> Response:
        return await run_in_threadpool(_answer, journal, request)

    return Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "HEAD", "POST"])])


def _answer(journal: Journal, request: Request) -> Response:
    host, path = request.headers.get("host", "").partition(":")[0], request.url.path
    number = _number(str(request.url))
    kind = _kind(path, request.url.query, request.headers.get("accept", ""))
    make = _maker(kind) if request.method != "POST" else None
    facts = {"path": path, "kind": kind, "method": request.method}
    if make is None:
        reply = "Not found: the stand-in for the open web makes nothing of this kind."
        journal.note(Note("host", host, "refused", facts | {"reply": reply}))
        return Response(reply, 404)
    journal.note(Note("host", host, "answered", facts))
    return Response(make(number), media_type=_type(kind))


def _kind(path: str, query: str, accepted: str) -> str:
    """The kind of file to return, by the suffix of the path, else by the query or the Accept header."""
    ending = PurePosixPath(path).suffix.lower().lstrip(".")
    if ending and _is_known(ending):
        return ending
    formats = [part for part in query.replace("=", "&").lower().split("&") if part in PICTURES]
    if formats:
        return formats[0]
    if accepted.startswith("image/"):
        return "jpg"
    if any(word in path.lower() for word in ("image", "photo", "picsum", "thumb")):
        return "jpg"
    return ending or "html"


def _is_known(kind: str) -> bool:
    return kind in PICTURES or kind in SOUNDS or kind in TYPES


def _type(kind: str) -> str:
    group = "image" if kind in PICTURES else "audio"
    return TYPES.get(kind, f"{group}/{kind}")


def _maker(kind: str) -> Callable[[int], bytes] | None:
    if kind in PICTURES:
        return functools.partial(picture, PICTURES[kind])
    if kind in SOUNDS:
        return functools.partial(sound, SOUNDS[kind])
    texts: dict[str, Callable[[int], bytes]] = {
        "txt": lambda _: "\n\n".join(_articles()).encode(),
        "md": lambda _: "\n\n".join(["# Articles", *_articles()]).encode(),
        "json": lambda _: json.dumps(_table()).encode(),
        "csv": lambda _: _csv(),
        "parquet": lambda _: _parquet(),
        "html": lambda number: PAGE.format(title="A page", text=_articles()[number]).encode(),
        "htm": lambda number: PAGE.format(title="A page", text=_articles()[number]).encode(),
    }
    return texts.get(kind)


def _number(address: str) -> int:
    """The number of the sample that an address gets, always the same."""
    return int(hashlib.sha256(address.encode()).hexdigest(), 16) % DIFFERENT


def sample(path: str) -> Response | None:
    """A picture or sound for a path that ends as one; `None` for any other."""
    kind = PurePosixPath(path).suffix.lower().lstrip(".")
    make = _maker(kind) if kind in PICTURES or kind in SOUNDS else None
    return None if make is None else Response(make(_number(path)), media_type=_type(kind))


def picture(kind: str, number: int) -> bytes:
    """A scene as a file of a kind that Pillow writes."""
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(_scenes()[number].image).save(stream, kind)
    return stream.getvalue()


@functools.cache
def sound(kind: str, number: int) -> bytes:
    """Speech as a file of a kind that soundfile writes."""
    import soundfile

    stream = io.BytesIO()
    wave = shipped.examples("utterances", "test", DIFFERENT, "media")[number].wave(SAMPLING_RATE)
    soundfile.write(stream, wave, SAMPLING_RATE, format=kind)
    return stream.getvalue()


@functools.cache
def _scenes() -> Any:
    return shipped.scenes("test", DIFFERENT, "media", side=SIDE, things=(1, 3))


@functools.cache
def _articles() -> list[str]:
    return [example.text for example in shipped.examples("articles", "test", 20, "media")]


@functools.cache
def _table() -> list[dict[str, Any]]:
    reviews = shipped.examples("reviews", "test", 40, "media")
    return [{"id": number, "text": one.text, "label": one.truth} for number, one in enumerate(reviews)]


def _csv() -> bytes:
    import pandas as pd

    return pd.DataFrame(_table()).to_csv(index=False).encode()


def _parquet() -> bytes:
    import pandas as pd

    return pd.DataFrame(_table()).to_parquet(index=False)
