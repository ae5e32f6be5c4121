"""The world of speech: what was said is known, and is said again in exactly the same way."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import platform
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from suite.core.files import project_root
from tasks.worlds import espeak, grammar, speech

ROOT = project_root()
FROZEN = "0f2ee7a2d754e7a57b8f0dad80de605a9546a5875a2de80d0b53a26d6e6711c7"
FROZEN_WAVES = "6c742dfd5ae5dd323c8e57aa81d3cb93c8546453ebf45bd39a8b9abee06cd01c"
"""A change here changes what every miniature was trained against: all of them must then be built again."""
DIGEST = "from tasks.worlds import speech; from suite.tests.worlds.test_speech import digest; print(digest(3))"


def digest(count: int) -> str:
    """The first utterances of the test split, to the last bit."""
    whole = hashlib.sha256()
    for utterance in speech.utterances("test")[:count]:
        speech._render.cache_clear()
        whole.update(utterance.wave().tobytes())
    return whole.hexdigest()


@pytest.fixture(scope="module")
def test_split() -> list[speech.Utterance]:
    return speech.utterances("test")


def test_the_test_split_is_frozen(test_split: Any) -> None:
    content = json.dumps([dataclasses.astuple(utterance) for utterance in test_split])
    assert hashlib.sha256(content.encode()).hexdigest() == FROZEN


def test_the_waves_are_frozen(test_split: Any) -> None:
    if espeak.version() != espeak.VERSION or platform.machine() != "x86_64" or sys.platform != "linux":
        pytest.skip("another eSpeak speaks a little differently")
    whole = hashlib.sha256()
    for utterance in test_split:
        samples, _ = espeak.speak(utterance.text, utterance.voice, utterance.rate, utterance.pitch)
        whole.update(samples.astype("<i2").tobytes())
    assert whole.hexdigest() == FROZEN_WAVES


def test_the_same_utterance_is_the_same_sound_again_and_in_other_processes() -> None:
    here = digest(3)
    assert digest(3) == here
    speech.spoken("seven three one", voice="en-us+f3")  # What was said before does not matter.
    assert digest(3) == here
    other = subprocess.run([sys.executable, "-c", DIGEST], cwd=ROOT, capture_output=True, text=True, check=True)
    assert other.stdout.strip() == here
    assert _forked() == here


def _forked() -> str:
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.write(write, digest(3).encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(write)
    with os.fdopen(read) as pipe:
        return pipe.read()


def test_splits_share_no_combination(test_split: Any) -> None:
    trained = speech.utterances("train", 5000)
    for split, spoken in (("test", test_split), ("train", trained)):
        for utterance in spoken:
            assert utterance.combinations
            assert {grammar.split_of(*combination) for combination in utterance.combinations} == {split}
    assert not {utterance.text for utterance in test_split} & {utterance.text for utterance in trained}


def test_the_test_split_is_varied(test_split: Any) -> None:
    assert len(test_split) == len({(utterance.text, utterance.voice) for utterance in test_split}) == 240
    assert len({utterance.text for utterance in test_split}) > 100
    assert {word for utterance in test_split for word in utterance.text.split()} == set(speech.VOCABULARY)
    assert {utterance.voice for utterance in test_split} == set(espeak.VOICES)


def test_waves_are_what_a_model_takes(test_split: Any) -> None:
    for utterance in test_split[::8]:
        wave = utterance.wave()
        assert wave.dtype == np.float32
        assert wave.ndim == 1
        assert 0.5 < len(wave) / 16_000 < 3
        assert 0.02 < np.sqrt(np.mean(wave**2)) < 0.2
        assert np.abs(wave).max() <= 1


def test_what_is_heard_is_what_was_to_be_said() -> None:
    """Each word adds a sound of its own: the beginning of a longer sentence is that of the shorter one."""
    lengths = [len(speech.spoken(text)) for text in ("seven", "seven three", "seven three one")]
    assert np.diff([0, *lengths]).min() > 0.15 * 16_000
    sounds = [_bands(speech.spoken(word)) for word in speech.VOCABULARY]
    again = [_bands(speech.spoken(word, pitch=52)) for word in speech.VOCABULARY]
    nearest = [int(np.argmin([np.abs(sound - other).mean() for other in sounds])) for sound in again]
    assert sum(found == word for word, found in enumerate(nearest)) >= len(speech.VOCABULARY) - 3


def _bands(wave: np.ndarray) -> np.ndarray:
    """Decibels in 32 bands at 20 moments of a word."""
    moments = np.array_split(wave, 20)
    spectra = [np.abs(np.fft.rfft(moment, 1024))[:512].reshape(32, 16).mean(axis=1) for moment in moments]
    return 20 * np.log10(np.array([*spectra, np.full(32, len(wave) / 1000)]) + 1e-3)


def test_voices_rates_and_pitches_are_heard() -> None:
    text = "open the green door"
    assert len(speech.spoken(text, rate=130)) > 1.2 * len(speech.spoken(text, rate=200))
    sounds = {speech.spoken(text, voice=voice).tobytes() for voice in espeak.VOICES}
    assert len(sounds) == len(espeak.VOICES)
    assert speech.spoken(text, pitch=30).tobytes() != speech.spoken(text, pitch=70).tobytes()


def test_noise_lies_as_far_below_the_speech_as_it_says(test_split: Any) -> None:
    for utterance in test_split[:10]:
        wave = utterance.wave()
        pause = wave[: int(utterance.pauses[0] * 16_000 * 0.9)]
        level = 20 * np.log10(np.sqrt(np.mean(pause**2)) / speech.LEVEL) - utterance.gain_db
        assert level == pytest.approx(-utterance.noise_db, abs=1.5)


def test_an_unknown_voice_is_a_sentence() -> None:
    with pytest.raises(ValueError, match="no voice 'nobody'"):
        espeak.speak("hello", "nobody")


def test_without_espeak_there_is_a_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    with pytest.raises(ImportError, match="pip install espeakng-loader"):
        espeak.speak("hello")
