"""The sentences that are read aloud: a frozen test split, one voice, and a distance that tells readings apart."""

from __future__ import annotations

import hashlib
import json

import numpy as np

from suite.task import discovery
from suite.task.speech_synthesis import distance

ROOT = discovery.tasks_root()
synthesis = discovery.load_module(ROOT, "worlds.synthesis")
speech = discovery.load_module(ROOT, "worlds.speech")

FROZEN = "f0d894013f837c5dc88b3719e2404429d590dbf9bddc355ade7e325a6876601c"


def test_the_test_split_is_frozen() -> None:
    told = json.dumps(synthesis.sentences("test"))
    assert hashlib.sha256(told.encode()).hexdigest() == FROZEN


def test_no_sentence_is_in_two_splits() -> None:
    test = synthesis.sentences("test")
    assert len(test) == len(set(test)) == synthesis.TEST_SIZE
    assert not set(test) & set(synthesis.sentences("train", 400))


def test_a_reading_is_the_same_at_every_call() -> None:
    reading = synthesis.reading("open the red door")
    synthesis.reading.cache_clear()
    assert np.array_equal(reading, synthesis.reading("open the red door"))
    assert 0.8 < len(reading) / synthesis.RATE < 2.0


def test_a_reading_repeats_itself_with_each_frame() -> None:
    reading = synthesis.reading("one nine zero")
    period = 2 * synthesis.PERIOD
    voiced = [reading[start : start + 8 * period] for start in range(0, len(reading) - 8 * period, 256)]
    voiced = [piece for piece in voiced if np.std(piece) > synthesis.LEVEL]
    alike = [float(np.corrcoef(piece[:-period], piece[period:])[0, 1]) for piece in voiced]
    assert np.median(alike) > 0.8


def test_distance_is_small_between_like_readings_alone() -> None:
    reading = synthesis.reading("open the red door")
    slower = speech.spoken("open the red door", synthesis.RATE, rate=130)
    other = synthesis.reading("four nine two one")
    rate = synthesis.RATE
    assert distance(reading, reading, rate) == 0.0
    assert distance(slower, reading, rate) < 0.7 * distance(other, reading, rate)
    assert distance(np.zeros_like(reading), reading, rate) > 5.0
