"""`/audio/transcriptions`, `/audio/translations` and `/audio/speech`."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from suite.course.stand_ins.services import local_models
from suite.course.stand_ins.services.http import ServiceError, body_of, number_of, server_sent

FORMATS = ("json", "text", "srt", "verbose_json", "vtt")
CONTAINERS = {
    "mp3": ("MP3", "MPEG_LAYER_III", "audio/mpeg"),
    "opus": ("OGG", "OPUS", "audio/opus"),
    "flac": ("FLAC", "PCM_16", "audio/flac"),
    "wav": ("WAV", "PCM_16", "audio/wav"),
    "pcm": ("RAW", "PCM_16", "audio/pcm"),
}
"""libsndfile's names for a format and its coding, and the type on the wire. AAC is not among what it writes."""
SPEECH_OUT = 24_000
"""Samples per second of what is spoken."""


async def transcriptions(request: Request) -> Response:
    """The transcription of a file."""
    return await _written_down(request, "transcribe")


async def translations(request: Request) -> Response:
    """The transcription of a file in English, the only language of the miniature."""
    return await _written_down(request, "translate")


async def _written_down(request: Request, task: str) -> Response:
    async with request.form() as form:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise ServiceError(400, "Missing required parameter: 'file'.", "missing_required_parameter", "file")
        if not form.get("model"):
            raise ServiceError(400, "you must provide a model parameter")
        shape = str(form.get("response_format") or "json")
        granularities = form.getlist("timestamp_granularities[]")
        language = str(form.get("language") or "english")
        streamed = form.get("stream") == "true"
        content = await file.read()
    if shape not in FORMATS:
        raise ServiceError(
            400, f"Invalid value: '{shape}'. Supported values are: {', '.join(FORMATS)}.", None, "response_format"
        )
    try:
        wave = await local_models.on_models(local_models.decode_audio, content)
    except ValueError as error:
        raise ServiceError(400, f"Invalid file format. {error}", None, "file") from error
    text = await local_models.on_models(local_models.transcribe, wave)
    seconds = round(len(wave) / local_models.SPEECH_RATE, 2)
    if streamed:
        return server_sent(_events(text))
    if shape == "text":
        return PlainTextResponse(text + "\n")
    if shape == "srt":
        return PlainTextResponse(f"1\n{_clock(0, ',')} --> {_clock(seconds, ',')}\n{text}\n\n")
    if shape == "vtt":
        return PlainTextResponse(f"WEBVTT\n\n{_clock(0, '.')} --> {_clock(seconds, '.')}\n{text}\n\n")
    usage = {"type": "duration", "seconds": int(np.ceil(seconds))}
    if shape == "json":
        return JSONResponse({"text": text, "usage": usage})
    whole: dict[str, Any] = {"task": task, "language": language, "duration": seconds, "text": text, "usage": usage}
    if "segment" in granularities or not granularities:
        whole["segments"] = [_segment(text, seconds)]
    if "word" in granularities:
        whole["words"] = _words(text, seconds)
    return JSONResponse(whole)


async def _events(text: str) -> AsyncIterator[dict[str, Any]]:
    for place, word in enumerate(text.split()):
        yield {"type": "transcript.text.delta", "delta": word if not place else f" {word}"}
    yield {"type": "transcript.text.done", "text": text}


def _segment(text: str, seconds: float) -> dict[str, Any]:
    """All of it as one segment."""
    return {
        "id": 0,
        "seek": 0,
        "start": 0.0,
        "end": seconds,
        "text": f" {text}",
        "tokens": local_models.chat_model().encode(text),
        "temperature": 0.0,
        "avg_logprob": -0.1,
        "compression_ratio": 1.0,
        "no_speech_prob": 0.01,
    }


def _words(text: str, seconds: float) -> list[dict[str, Any]]:
    """The words, each with a share of the time by its letters: the miniature has no timestamps."""
    words = text.split()
    ends = np.cumsum([len(word) for word in words]) / max(1, sum(map(len, words))) * seconds
    starts = [0.0, *ends[:-1]]
    return [
        {"word": word, "start": round(float(start), 2), "end": round(float(end), 2)}
        for word, start, end in zip(words, starts, ends, strict=True)
    ]


def _clock(seconds: float, point: str) -> str:
    """A time as subtitles write it: 00:00:01,500."""
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}{point}{rest % 1000:03}"


async def speech(request: Request) -> Response:
    """A text as speech."""
    body = await body_of(request)
    text = body.get("input")
    if not isinstance(text, str) or not text.strip():
        raise ServiceError(400, "Missing required parameter: 'input'.", "missing_required_parameter", "input")
    shape = body.get("response_format") or "mp3"
    if shape not in CONTAINERS:
        raise ServiceError(
            400, f"Invalid value: '{shape}'. Supported values are: {', '.join(CONTAINERS)}.", None, "response_format"
        )
    speed = number_of(body, "speed", 1.0, 0.25, 4.0)
    content = await local_models.on_models(speech_file, text, shape, speed)
    return Response(content, media_type=CONTAINERS[shape][2])


def speech_file(text: str, shape: str, speed: float = 1.0) -> bytes:
    """A text as speech, in a file of one of the `CONTAINERS`."""
    import soundfile
    import soxr

    wave = soxr.resample(local_models.synthesize(text, speed), local_models.SPEECH_RATE, SPEECH_OUT)
    container, coding, _ = CONTAINERS[shape]
    into = io.BytesIO()
    soundfile.write(into, wave, SPEECH_OUT, format=container, subtype=coding, endian="FILE")
    return into.getvalue()
