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
VOICE, WORDS_PER_MINUTE, PITCH = "en-us", 160, 50
TEST_SIZE = 200
BANDS = 32
LISTENER = "automatic-speech-recognition-ctc"
SHIPPED = Path(__file__).parents[1] / "miniatures" / "shipped"


def sentences(split: Split, count: int = TEST_SIZE) -> list[str]:
    """`count` different sentences of a split, or as many as it has."""
    spoken = speech.utterances(split, 8 * count if split == "test" else 4 * count)
    return list(dict.fromkeys(utterance.text for utterance in spoken))[:count]


@lru_cache(maxsize=TEST_SIZE)
def reading(text: str) -> np.ndarray:
    """How the voice reads a text: float32 at `RATE`."""
    return speech.spoken(text, RATE, VOICE, WORDS_PER_MINUTE, PITCH)


def understood(waves: Sequence[np.ndarray]) -> list[str]:
    """What the listener makes of readings, each by itself."""
    import torch

    extractor, tokenizer, model = _listener()
    heard = []
    for wave in waves:
        # A recognizer needs a moment of sound for its first frame.
        padded = np.pad(np.asarray(wave, np.float32), (0, max(0, RATE // 10 - len(wave))))
        inputs = extractor(padded, sampling_rate=RATE, return_tensors="pt")
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


def distance(wave: np.ndarray, reference: np.ndarray) -> float:
    """How far two readings of a text are apart, in decibels per band, along the path on which they fit best."""
    from scipy.spatial.distance import cdist

    apart = cdist(_bands(wave), _bands(reference), "cityblock") / BANDS
    cost = np.full((apart.shape[0] + 1, apart.shape[1] + 1), np.inf)
    steps = np.zeros(cost.shape, int)
    cost[0, 0] = 0.0
    for row in range(1, cost.shape[0]):
        for column in range(1, cost.shape[1]):
            before = [(row - 1, column - 1), (row - 1, column), (row, column - 1)]
            best = min(before, key=lambda place: cost[place])
            cost[row, column] = cost[best] + apart[row - 1, column - 1]
            steps[row, column] = steps[best] + 1
    return float(cost[-1, -1] / steps[-1, -1])


def _bands(wave: np.ndarray) -> np.ndarray:
    """The level of a sound in bands that widen as hearing does: (frames, bands), decibels, 60 below the loudest."""
    from scipy.signal import stft

    frequency, _, values = stft(wave, RATE, nperseg=512, noverlap=256)
    mel = 2595 * np.log10(1 + frequency / 700)
    middles = np.linspace(mel[2], mel[-1], BANDS)
    weights = np.maximum(0, 1 - np.abs(mel[None] - middles[:, None]) / (middles[1] - middles[0]))
    level = 10 * np.log10(weights @ np.abs(values) ** 2 + 1e-12)
    return np.maximum(level - level.max(), -60.0).T
