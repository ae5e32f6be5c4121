"""A few samples with their answers in words, as pictures with the answer drawn on them, and as sounds."""

from __future__ import annotations

import io
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from suite.task import Sample, Task

SHOWN = 3
LEAST_SIDE = 160
"""Pixels: smaller pictures are enlarged by a whole number, each pixel a square."""
LONGEST_TEXT = 600
MOST_THUMBNAILS = 100


@dataclass(frozen=True)
class SampleAnswer:
    """A sample, its truth and an answer in words; `picture` is a PNG, `sound` a WAV file of the input."""

    sample: str
    input: str
    truth: str
    answer: str
    picture: bytes | None
    sound: bytes | None


def sample_answers(task: Task, samples: Sequence[Sample], answers: Sequence[Any]) -> list[SampleAnswer]:
    """The same few samples for every backend: evenly spread, so that each kind of sample may be among them."""
    places = np.linspace(0, len(samples) - 1, min(SHOWN, len(samples))).round().astype(int)
    return [_sample_answer(task, samples[place], answers[place]) for place in places]


def _sample_answer(task: Task, sample: Sample, answer: Any) -> SampleAnswer:
    picture = task.render(sample.input, answer)
    sound = task.audio(sample.input)
    return SampleAnswer(
        sample=sample.id,
        input=_short(task.describe(sample.input)),
        truth=_short(task.describe_answer(sample.truth)),
        answer=_short(task.describe_answer(answer)),
        picture=None if picture is None else png(picture),
        sound=None if sound is None else wav(*sound),
    )


def thumbnails(task: Task, samples: Sequence[Sample]) -> list[bytes | None]:
    """Small pictures of the first samples with their truths drawn on them, as PNG files; `None` where there is none."""
    return [_thumbnail(task, sample) for sample in samples[:MOST_THUMBNAILS]]


def _thumbnail(task: Task, sample: Sample) -> bytes | None:
    from PIL import Image

    try:
        pixels = task.render(sample.input, sample.truth)
    except (TypeError, ValueError, KeyError, IndexError):  # a truth that is no answer to be drawn
        pixels = task.render(sample.input, None)
    if pixels is None:
        return None
    image = Image.fromarray(pixels)
    times = max(1, LEAST_SIDE // max(image.size))
    image = image.resize((image.width * times, image.height * times), Image.Resampling.NEAREST)
    image.thumbnail((LEAST_SIDE, LEAST_SIDE))
    file = io.BytesIO()
    image.quantize(256).save(file, "png", optimize=True)
    return file.getvalue()


def png(pixels: np.ndarray) -> bytes:
    """A picture of shape (height, width, 3), uint8, as a file."""
    from PIL import Image

    times = max(1, -(-LEAST_SIDE // min(pixels.shape[:2])))
    image = Image.fromarray(pixels)
    image = image.resize((image.width * times, image.height * times), Image.Resampling.NEAREST)
    file = io.BytesIO()
    image.save(file, "png", optimize=True)
    return file.getvalue()


def wav(samples: np.ndarray, sampling_rate: int) -> bytes:
    """A mono waveform in -1 to 1 as a 16-bit file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(sampling_rate)
        written.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return file.getvalue()


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"
