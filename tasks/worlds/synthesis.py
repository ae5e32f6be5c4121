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
