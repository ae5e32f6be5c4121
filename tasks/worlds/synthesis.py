"""Sentences to be read aloud, how the one voice of this world reads them, and what a listener understands of a reading.

The sentences are those of the world of speech, each once. The listener is the suite's own speech recognizer, which was
trained on other sentences of the same vocabulary: what it understands of a synthesised reading is that reading's score.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from . import espeak, speech
from .grammar import Split

RATE = 16_000
VOICE, WORDS_PER_MINUTE, PITCH = "en-us+Alex", 160, 66
FUNDAMENTAL, SPOKEN_AT = 125.0, 124.7
"""Hertz: of a reading, and of what eSpeak says with that pitch and no intonation. Two periods are then one frame of 256
samples: a vocoder that makes each frame of the frames around it alone need not guess where in a period it is."""
LEVEL = 0.1
HEARD_AFTER_S, HEARD_ABOVE_DB = 0.12, 26.0
"""The silence around a reading and the noise behind it when it is listened to: the listener knows no other sound."""
TEST_SIZE = 200
LISTENER = "automatic-speech-recognition-ctc"
_WORDS, _PITCH, _RANGE = 1, 3, 4
SHIPPED = Path(__file__).parents[1] / "miniatures" / "shipped"


def sentences(split: Split, count: int = TEST_SIZE) -> list[str]:
    """`count` different sentences of a split, or as many as it has."""
    spoken = speech.utterances(split, 8 * count if split == "test" else 4 * count)
    return list(dict.fromkeys(utterance.text for utterance in spoken))[:count]


@lru_cache(maxsize=TEST_SIZE)
def reading(text: str) -> np.ndarray:
    """How the voice reads a text: float32 at `RATE`, a root mean square of `LEVEL`, all on one note."""
    import soxr

    samples, per_second = _spoken(text)
    wave = soxr.resample(samples.astype(np.float32) / 32768, per_second * FUNDAMENTAL / SPOKEN_AT, RATE)
    return np.asarray(wave * (LEVEL / np.sqrt(np.mean(wave**2))), np.float32)


def _spoken(text: str) -> tuple[np.ndarray, int]:
    """What eSpeak says without intonation: int16 samples, and how many of them make a second."""
    pieces: list[np.ndarray] = []

    @espeak._RECEIVER
    def receive(samples: Any, count: int, _events: Any) -> int:
        if samples and count > 0:
            pieces.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0

    with espeak._library() as (library, per_second):
        library.espeak_SetSynthCallback(receive)
        library.espeak_ng_SetRandSeed(ctypes.c_long(espeak._SEED))
        library.espeak_SetVoiceByName(VOICE.encode())
        for parameter, value in ((_WORDS, WORDS_PER_MINUTE), (_PITCH, PITCH), (_RANGE, 0)):
            library.espeak_SetParameter(parameter, value, 0)
        content = text.encode()
        library.espeak_Synth(
            ctypes.c_char_p(content), ctypes.c_size_t(len(content) + 1), 0, 0, 0, espeak._UTF8, None, None
        )
    return np.concatenate(pieces), per_second


def understood(waves: Sequence[np.ndarray]) -> list[str]:
    """What the listener makes of readings, each by itself."""
    import torch

    extractor, tokenizer, model = _listener()
    heard = []
    for wave in waves:
        around = np.pad(np.asarray(wave, np.float32), round(HEARD_AFTER_S * RATE))
        noise = np.random.default_rng(0).standard_normal(len(around), np.float32)
        around += noise * np.float32(LEVEL * 10 ** (-HEARD_ABOVE_DB / 20))
        inputs = extractor(around, sampling_rate=RATE, return_tensors="pt")
        with torch.inference_mode():
            tokens = model(**inputs).logits.argmax(dim=-1)
        heard.append(" ".join(tokenizer.batch_decode(tokens)[0].lower().split()))
    return heard


@cache
def _listener() -> tuple[Any, Any, Any]:
    """The recognizer's parts, loaded once per process: float32, on the CPU, whatever is measured."""
    from transformers import AutoModelForCTC, AutoProcessor

    folder = SHIPPED / LISTENER
    if not folder.is_dir():
        raise FileNotFoundError(
            f"The listener {LISTENER} is not shipped: run `python -m suite miniatures build` on it."
        )
    processor = AutoProcessor.from_pretrained(folder, local_files_only=True)
    model = AutoModelForCTC.from_pretrained(folder, local_files_only=True).eval()
    return processor.feature_extractor, processor.tokenizer, model
