"""The world of sounds: a frozen test split, and sounds that are what they say."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest

from suite.task import discovery

ROOT = discovery.tasks_root()
sounds = discovery.load_module(ROOT, "worlds.sounds")
grammar = discovery.load_module(ROOT, "worlds.grammar")

FROZEN = "8bcbf58e849b969d94309baeec8585b06e1a569afd058fc233e713f4678a0236"


def only(kind: str, **changes: object) -> np.ndarray:
    """A second and a half of one kind with next to nothing behind it."""
    given = {"pitch": 1.0, "tempo": 1.0, "noise": "quiet", "seconds": 1.5, "seed": 7, **changes}
    return sounds.Sound(kind=kind, **given).wave()


def centre(wave: np.ndarray) -> float:
    """The middle of a sound's power, in hertz."""
    power = np.abs(np.fft.rfft(wave)) ** 2
    frequency = np.fft.rfftfreq(len(wave), 1 / sounds.RATE)
    return float((power * frequency).sum() / power.sum())


def silence(wave: np.ndarray) -> float:
    """The share of 20 ms pieces that are 20 dB below the loudest."""
    pieces = wave[: len(wave) // 960 * 960].reshape(-1, 960)
    level = np.sqrt((pieces**2).mean(axis=1))
    return float((level < level.max() / 10).mean())


def test_the_test_split_is_frozen() -> None:
    split = sounds.sounds("test")
    told = [[s.kind, round(s.pitch, 9), round(s.tempo, 9), s.noise, round(s.seconds, 9), s.seed] for s in split]
    # What a sound says is pinned, and a few of the sounds themselves, coarsely: sines differ in their last bit.
    heard = [np.round(sound.wave()[::500] * 50).astype(int).tolist() for sound in split[:16]]
    assert hashlib.sha256(json.dumps([told, heard]).encode()).hexdigest() == FROZEN


def test_no_combination_is_in_two_splits() -> None:
    seen = {split: {sound.combination for sound in sounds.sounds(split, 400)} for split in ("train", "test")}
    assert not seen["train"] & seen["test"]
    for split, combinations in seen.items():
        assert {grammar.split_of(*combination) for combination in combinations} == {split}


@pytest.mark.parametrize("kind", sounds.KINDS)
def test_every_kind_is_a_sound(kind: str) -> None:
    wave = only(kind)
    assert (str(wave.dtype), len(wave)) == ("float32", round(1.5 * sounds.RATE))
    assert np.isfinite(wave).all()
    assert 0.2 < np.abs(wave).max() <= sounds.PEAK
    assert np.array_equal(wave, only(kind)), "the same sound is the same at every call"


def test_kinds_are_in_equal_number() -> None:
    kinds = [sound.kind for sound in sounds.sounds("test")]
    assert {kinds.count(kind) for kind in sounds.KINDS} == {len(kinds) // len(sounds.KINDS)}


@pytest.mark.parametrize("kind", ["a siren", "a church bell", "an alarm beeping", "a whistle", "a telephone ringing"])
def test_pitch_is_heard(kind: str) -> None:
    assert centre(only(kind, pitch=1.5)) > 1.25 * centre(only(kind, pitch=0.7))


def test_high_and_low_kinds() -> None:
    low = [centre(only(kind)) for kind in ("a drum", "a running engine", "footsteps")]
    high = [centre(only(kind)) for kind in ("a whistle", "chirping birds", "an alarm beeping", "a ticking clock")]
    assert max(low) < min(high)


def test_struck_kinds_are_mostly_silent_and_lasting_ones_never() -> None:
    assert min(silence(only(kind)) for kind in ("a ticking clock", "knocking on a door")) > 0.4
    assert max(silence(only(kind)) for kind in ("rain", "wind", "a siren", "a running engine", "a whistle")) < 0.1


def test_noise_is_as_loud_as_it_says() -> None:
    quiet, loud = only("a whistle"), only("a whistle", noise="in a crowd")
    power = [np.abs(np.fft.rfft(wave)) ** 2 for wave in (quiet, loud)]
    frequency = np.fft.rfftfreq(len(quiet), 1 / sounds.RATE)
    share = [p[frequency < 1000].sum() / p.sum() for p in power]
    assert share[0] < 0.01
    assert share[1] > 0.2
