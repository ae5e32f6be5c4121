"""The models behind the services: the shipped miniatures, and the real sentence encoder, each loaded at its first use.

They know a small world each, so answers are short and often silly; what is real is that they are computed, by the
architecture, from what was sent. All of them run on one thread of their own (`on_models`), one call at a time: none is
loaded twice, and the event loop is never held up.

`transformers serve` is not what stands here. It gives no more than four of the routes, ignores `n`, loads the model
that a request names, where any name has to be answered, and is another program in each generation of the library.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np

from suite.course.stand_ins import shipped
from suite.course.stand_ins.services.generation import LanguageModel

Result = TypeVar("Result")

SPEECH_RATE = 16_000
"""Samples per second of transcribed and synthesized speech."""
SCENE_SIDE = 128
"""Pixels along a side of a drawn picture; larger ones are enlarged."""
TRIES = 20
"""How often some 200 scenes are drawn until one is as asked for: one in 144 is, of a named size, colour and shape."""
_THREAD = ThreadPoolExecutor(1, "models")
_END: Any = object()


async def on_models(function: Callable[..., Result], *arguments: Any) -> Result:
    """Call a function on the models' thread."""
    return await asyncio.get_running_loop().run_in_executor(_THREAD, function, *arguments)


async def pieces_on_models(pieces: Iterator[Result]) -> AsyncIterator[Result]:
    """Go through an iterator whose every step is a call on the models' thread."""
    while (piece := await on_models(next, pieces, _END)) is not _END:
        yield piece


@lru_cache(maxsize=1)
def chat_model() -> LanguageModel:
    """The model that answers chats."""
    return LanguageModel(shipped.chat_folder())


@lru_cache(maxsize=1)
def text_model() -> LanguageModel:
    """The model that continues a text."""
    return LanguageModel(shipped.folder_for("GPT2LMHeadModel"))


def answer(class_name: str, value: Any) -> Any:
    """The answer to one input of the task whose miniature is of that class of transformers (see `shipped.task_for`).

    Raises:
        LookupError: there is no such task, or its miniature is not shipped.
    """
    import torch

    from suite.core.runnable import Runnable

    torch.set_num_threads(1)
    task = shipped.task_for(class_name)
    model, processor = load(class_name)
    task.adapt(shipped.folder_for(class_name), model.config)
    batch = task.encode(processor, [value])
    outputs = task.infer(Runnable(model, "cpu"), batch)
    return task.decode(outputs, batch, processor, model.config)[0]


@lru_cache(maxsize=8)
def load(class_name: str) -> tuple[Any, Any]:
    """The miniature of that class and its processor."""
    import transformers

    task, directory = shipped.task_for(class_name), shipped.folder_for(class_name)
    model = getattr(transformers, task.auto_class).from_pretrained(directory).eval()
    return model, getattr(transformers, task.processor_class).from_pretrained(directory)


def transcribe(wave: np.ndarray) -> str:
    """The transcription of audio, float32 of shape (samples,) at `SPEECH_RATE`."""
    texts = [
        answer("AutoModelForSpeechSeq2Seq", wave[start : start + 30 * SPEECH_RATE])
        for start in range(0, max(1, len(wave)), 30 * SPEECH_RATE)
    ]
    return " ".join(texts).strip()


def caption(image: Any) -> str:
    """A caption of a PIL image."""
    return str(answer("AutoModelForImageTextToText", {"image": np.asarray(image.convert("RGB")), "prompt": ""}))


def decode_audio(content: bytes) -> np.ndarray:
    """The audio of a file that libsndfile reads, mono at `SPEECH_RATE`.

    Raises:
        ValueError: it is no such file.
    """
    import soundfile
    import soxr

    try:
        wave, rate = soundfile.read(io.BytesIO(content), dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise ValueError(f"The file is no sound that can be read: {error}") from error
    return np.asarray(soxr.resample(wave.mean(axis=1), rate, SPEECH_RATE), np.float32)


def synthesize(text: str, speed: float = 1.0) -> np.ndarray:
    """A text as speech, float32 of shape (samples,) at `SPEECH_RATE`; `speed` 1 is 160 words a minute.

    By eSpeak NG, the voice of the worlds: the miniature of a speaking model is untrained, and would say nothing.
    """
    words_per_minute = int(np.clip(160 * speed, 80, 450))
    return np.asarray(shipped.synthesized_speech(text, SPEECH_RATE, words_per_minute), np.float32)


def draw(prompt: str, number: int = 0) -> Any:
    """A picture (PIL) of one thing, which has the size, colour and shape that the prompt names, if it names any."""
    from PIL import Image

    words = set(prompt.lower().replace(",", " ").replace(".", " ").split())
    required = [words & set(group) for group in shipped.shape_words()]

    def fits(scene: Any) -> bool:
        thing = scene.things[0]
        values = (thing.size, thing.colour, thing.shape)
        return all(not choices or value in choices for choices, value in zip(required, values, strict=True))

    seed = hashlib.sha256(f"{prompt}/{number}".encode()).hexdigest()
    for attempt in range(TRIES):
        try:
            scene = shipped.scenes("test", 1, f"{seed}/{attempt}", side=SCENE_SIDE, wanted=fits)[0]
            break
        except ValueError:
            continue
    else:
        scene = shipped.scenes("test", 1, seed, side=SCENE_SIDE)[0]
    return Image.fromarray(scene.image)


@lru_cache(maxsize=1)
def _encoder() -> tuple[Any, Any]:
    """all-MiniLM-L6-v2, the real one, out of its package."""
    from transformers import AutoModel, AutoTokenizer

    directory = shipped.folder_for("AutoModel")
    return AutoModel.from_pretrained(directory).eval(), AutoTokenizer.from_pretrained(directory)


def embed(texts: Sequence[str], size: int = 384) -> tuple[np.ndarray, int]:
    """Embeddings of length one, float32 of shape (texts, size), and how many tokens were read.

    The encoder gives 384 values. More are those repeated, which leaves every cosine as it was where `size` is a
    multiple of 384, as 768, 1536 and 3072 are; fewer are the first of them.
    """
    import torch

    torch.set_num_threads(1)
    model, tokenizer = _encoder()
    batch = tokenizer(list(texts), padding=True, truncation=True, max_length=256, return_tensors="pt")
    with torch.inference_mode():
        states = model(**batch).last_hidden_state
    mask = batch["attention_mask"].unsqueeze(-1)
    pooled = ((states * mask).sum(dim=1) / mask.sum(dim=1)).numpy()
    sized = np.resize(pooled.T, (size, len(texts))).T if size != pooled.shape[1] else pooled
    lengths = np.linalg.norm(sized, axis=1, keepdims=True)
    return np.asarray(sized / np.maximum(lengths, 1e-12), np.float32), int(batch["attention_mask"].sum())
