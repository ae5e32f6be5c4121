"""Speech with known transcripts: commands and numbers, by several voices, at several speeds, in a little noise.

What is held out is which words come together: a verb, a colour and a thing, or three digits in a row. The test split's
combinations are never spoken in training.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from . import espeak
from .grammar import Draw, NoneLeftError, Split

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
COLOURS = ("red", "green", "blue", "yellow", "white", "black")
THINGS = ("lamp", "door", "window", "radio", "fan", "box", "table", "garage")
DIRECTIONS = ("up", "down", "left", "right")
VERBS = ("turn on", "turn off", "open", "close")
VOCABULARY = tuple(sorted({*DIGITS, *COLOURS, *THINGS, *DIRECTIONS, *" ".join(VERBS).split(), "move", "the"}))
TEST_SIZE = 240
RATES = (130, 200)
PITCHES = (30, 70)
NOISE_DB = (14.0, 32.0)
"""How far the noise lies below the speech."""
GAIN_DB = (-12.0, 0.0)
PAUSE_S = (0.05, 0.2)
"""Silence before and after."""
LEVEL = 0.1
"""Root mean square of the speech at full gain."""


@dataclass(frozen=True)
class Utterance:
    """Something said, and how."""

    text: str
    voice: str
    rate: int
    pitch: int
    noise_db: float
    gain_db: float
    pauses: tuple[float, float]
    kind: str
    combinations: tuple[tuple[str, ...], ...]

    def wave(self, sampling_rate: int = 16_000) -> np.ndarray:
        """The sound, float32 of shape (samples,)."""
        return _render(self, sampling_rate)


def utterances(split: Split, count: int = TEST_SIZE, seed: int | str = 0) -> list[Utterance]:
    """`count` different utterances of a split."""
    chosen: dict[tuple[str, str], Utterance] = {}
    for attempt in range(1000 * count):
        draw = Draw(split, f"speech/{seed}/{attempt}")
        kind, sentence = draw.one(SENTENCES)
        try:
            text = sentence(draw)
        except NoneLeftError:
            continue
        number = draw.random.uniform
        utterance = Utterance(
            text,
            draw.one(espeak.VOICES),
            draw.random.randint(*RATES),
            draw.random.randint(*PITCHES),
            round(number(*NOISE_DB), 1),
            round(number(*GAIN_DB), 1),
            (round(number(*PAUSE_S), 3), round(number(*PAUSE_S), 3)),
            kind,
            tuple(draw.combinations),
        )
        chosen.setdefault((text, utterance.voice) if split == "test" else (text, str(attempt)), utterance)
        if len(chosen) == count:
            return list(chosen.values())
    raise ValueError(f"The world has fewer than {count} different utterances in its {split} split.")


def spoken(
    text: str, sampling_rate: int = 16_000, voice: str = "en-us", rate: int = 160, pitch: int = 50
) -> np.ndarray:
    """A text in one voice, clean, float32 at a root mean square of `LEVEL`: what speech synthesis has to learn."""
    import soxr

    samples, per_second = espeak.speak(text, voice, rate, pitch)
    wave = np.asarray(soxr.resample(samples.astype(np.float32) / 32768, per_second, sampling_rate), np.float32)
    return np.asarray(wave * (LEVEL / np.sqrt(np.mean(wave**2))), np.float32)


@lru_cache(maxsize=TEST_SIZE + 60)
def _render(utterance: Utterance, sampling_rate: int) -> np.ndarray:
    speech = spoken(utterance.text, sampling_rate, utterance.voice, utterance.rate, utterance.pitch)
    before, after = (np.zeros(round(pause * sampling_rate), np.float32) for pause in utterance.pauses)
    wave = np.concatenate([before, speech, after])
    seed = int.from_bytes(hashlib.sha256(repr(utterance).encode()).digest()[:8], "big")
    noise = np.random.default_rng(seed).standard_normal(len(wave), dtype=np.float32)
    wave += noise * (LEVEL * 10 ** (-utterance.noise_db / 20))
    wave = np.clip(wave * 10 ** (utterance.gain_db / 20), -1, 1).astype(np.float32)
    wave.flags.writeable = False  # It is kept, and given out again.
    return wave


def _command(draw: Draw) -> str:
    verb, colour, thing = _together(draw, VERBS, COLOURS, THINGS)
    return f"{verb} the {colour} {thing}"


def _move(draw: Draw) -> str:
    colour, thing, direction = _together(draw, COLOURS, THINGS, DIRECTIONS)
    return f"move the {colour} {thing} {direction}"


def _numbered(draw: Draw) -> str:
    return " ".join(_together(draw, COLOURS, THINGS, DIGITS))


def _together(draw: Draw, *lists: tuple[str, ...]) -> tuple[str, ...]:
    return draw.together(lambda: tuple(draw.one(words) for words in lists), lambda words: words)


def _number(draw: Draw) -> str:
    digits = _together(draw, DIGITS, DIGITS, DIGITS)
    if draw.maybe(0.3):
        digits += (draw.together(lambda: draw.one(DIGITS), lambda digit: (*digits[1:], digit)),)
    return " ".join(digits)


SENTENCES: tuple[tuple[str, Callable[[Draw], str]], ...] = (
    ("command", _command),
    ("command", _command),
    ("move", _move),
    ("numbered", _numbered),
    ("number", _number),
    ("number", _number),
)
