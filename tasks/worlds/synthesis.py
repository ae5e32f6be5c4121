"""Sentences to be read aloud, how the one voice of this world reads them, and what a listener understands of a reading.

The sentences are those of the world of speech, each once. The listener is the suite's own speech recognizer, which was
trained on other sentences of the same vocabulary: what it understands of a synthesised reading is that reading's score.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from . import speech
from .grammar import Split

RATE = 16_000
PERIOD = 128
"""Samples between the pulses of a reading, 125 a second. Two periods are one frame of 256 samples, and each begins with
a pulse: a small vocoder, which makes each frame of the frames around it alone, need not guess where the next one is."""
WINDOW, SEEN = 512, 384
"""Samples that a pulse lasts, and of the sound that it is made after."""
DISPERSED_FROM, DISPERSED_AT = 100.0, 1500.0
"""Hertz: from where on, and at what the most, the parts of a pulse are spread in time, so that no pulse is a click; in
two ways by turns, so that what hisses is no tone."""
LEVEL = 0.1
HEARD_AFTER_S, HEARD_ABOVE_DB = 0.12, 26.0
"""The silence around a reading and the noise behind it when it is listened to: the listener knows no other sound."""
TEST_SIZE = 200
LISTENER = "automatic-speech-recognition-ctc"
SHIPPED = Path(__file__).parents[1] / "miniatures" / "shipped"


def sentences(split: Split, count: int = TEST_SIZE) -> list[str]:
    """`count` different sentences of a split, or as many as it has."""
    spoken = speech.utterances(split, 8 * count if split == "test" else 4 * count)
    return list(dict.fromkeys(utterance.text for utterance in spoken))[:count]


@lru_cache(maxsize=TEST_SIZE)
def reading(text: str) -> np.ndarray:
    """How the voice reads a text: float32 at `RATE`. It is eSpeak's, put on one note."""
    return _on_one_note(speech.spoken(text, RATE))


def _on_one_note(wave: np.ndarray) -> np.ndarray:
    """A sound of the same spectra, made of pulses at equal distances: what was sung, droned or hissed is all droned."""
    frequency = np.fft.rfftfreq(WINDOW, 1 / RATE)
    spread = np.clip((frequency - DISPERSED_FROM) / (DISPERSED_AT - DISPERSED_FROM), 0, 1)
    turned = spread * np.random.default_rng(3).uniform(-np.pi, np.pi, (2, len(frequency)))
    middle = np.exp(1j * (turned - np.pi * np.arange(len(frequency))))
    seen = np.pad(np.hanning(SEEN + 1)[:SEEN], (WINDOW - SEEN) // 2)
    kernel, fading = np.array([0.25, 0.5, 0.25]), np.hanning(WINDOW)
    padded = np.pad(wave, WINDOW)
    made = np.zeros(len(padded) + WINDOW)
    for index, start in enumerate(range(WINDOW // 2, WINDOW // 2 + len(wave), PERIOD)):
        power = np.abs(np.fft.rfft(padded[start : start + WINDOW] * seen)) ** 2
        smooth = np.convolve(np.pad(power, 1, mode="reflect"), kernel, "valid")
        made[start : start + WINDOW] += np.fft.irfft(np.sqrt(smooth) * middle[index % 2], WINDOW) * fading
    sound = made[WINDOW : WINDOW + len(wave)]
    return np.asarray(sound * (LEVEL / np.sqrt(np.mean(sound**2))), np.float32)


def understood(waves: Sequence[np.ndarray]) -> list[str]:
    """What the listener makes of readings, each by itself."""
    import torch

    extractor, tokenizer, model = _listener()
    transcripts = []
    for wave in waves:
        around = np.pad(np.asarray(wave, np.float32), round(HEARD_AFTER_S * RATE))
        noise = np.random.default_rng(0).standard_normal(len(around), np.float32)
        around += noise * np.float32(LEVEL * 10 ** (-HEARD_ABOVE_DB / 20))
        inputs = extractor(around, sampling_rate=RATE, return_tensors="pt")
        with torch.inference_mode():
            tokens = model(**inputs).logits.argmax(dim=-1)
        transcripts.append(" ".join(tokenizer.batch_decode(tokens)[0].lower().split()))
    return transcripts


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
