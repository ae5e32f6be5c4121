"""Transcripts are scored as jiwer scores them, whatever their case; rows of LibriSpeech become samples."""

from __future__ import annotations

import io
import time
from typing import Any

import numpy as np
import pytest

from suite.subjects.source import resolve
from suite.task import discovery, speech_recognition
from suite.task.audio import hub_sound
from tasks.worlds import speech

TASKS = discovery.load_tasks(discovery.tasks_root())
NAMES = ("automatic-speech-recognition", "automatic-speech-recognition-ctc")


@pytest.fixture(scope="module")
def truths() -> list[str]:
    return [utterance.text for utterance in speech.utterances("test")]


def _misheard(truths: list[str]) -> list[str]:
    random = np.random.default_rng(0)
    answers = []
    for truth in truths:
        words = [word if random.random() > 0.1 else str(random.choice(speech.VOCABULARY)) for word in truth.split()]
        answers.append(" ".join(word for word in words if random.random() > 0.05))
    return answers


def _flac(seconds: float, rate: int) -> dict[str, Any]:
    import soundfile

    file = io.BytesIO()
    wave = np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate)) / rate) / 2
    soundfile.write(file, wave, rate, format="FLAC")
    return {"bytes": file.getvalue(), "path": "1272-0000.flac"}


def test_error_rates_are_those_of_jiwer(truths: list[str]) -> None:
    import jiwer

    answers = _misheard(truths)
    words, letters = speech_recognition.error_rates(answers, truths)
    assert words == pytest.approx(jiwer.wer(truths, answers))
    assert letters == pytest.approx(jiwer.cer(truths, answers))
    assert 0.05 < words < 0.3


def test_case_and_punctuation_are_not_spoken() -> None:
    assert speech_recognition.normalised(" Turn on, the RED lamp!") == "turn on the red lamp"
    assert speech_recognition.normalised("I'm twenty-one — isn\u2019t it?") == "i'm twenty one isn't it"
    assert speech_recognition.word_accuracy(["TURN ON THE RED LAMP."], ["turn on the red lamp"]) == 1.0


def test_what_is_invented_costs_no_more_than_everything() -> None:
    assert speech_recognition.word_accuracy(["one two three four five"], ["nine"]) == 0.0
    assert speech_recognition.word_accuracy([""], ["nine"]) == 0.0


def test_chance_is_far_below_what_is_asked_of_a_miniature(truths: list[str]) -> None:
    assert 0.0 <= TASKS[NAMES[0]].chance(truths) < 0.4


def test_accuracy_is_quick_enough_to_be_resampled(truths: list[str]) -> None:
    task, answers = TASKS[NAMES[0]], _misheard(truths)
    task.accuracy(answers, truths)
    started = time.thread_time()
    task.accuracy(answers, truths)
    assert time.thread_time() - started < 2


@pytest.mark.parametrize("name", NAMES)
def test_rows_of_librispeech_become_samples(name: str) -> None:
    sample = TASKS[name].from_hub({"audio": _flac(1.5, 24_000), "text": "MISTER QUILTER IS THE APOSTLE"})
    assert sample is not None
    assert sample.truth == "MISTER QUILTER IS THE APOSTLE"
    assert sample.input.dtype == np.float32
    assert len(sample.input) == 24_000
    assert TASKS[name].from_hub({"audio": _flac(31, 16_000), "text": "TOO LONG"}) is None
    assert TASKS[name].from_hub({"audio": _flac(1, 16_000), "text": " "}) is None


def test_sounds_of_data_sets_are_resampled_and_mixed_down() -> None:
    assert hub_sound(_flac(1.0, 48_000), 16_000).shape == (16_000,)


def test_sounds_of_data_sets_are_not_decoded_by_them(tmp_path: Any) -> None:
    import datasets

    from suite.subjects.hub_samples import _undecoded

    sound = _flac(0.5, 16_000)
    rows = datasets.Dataset.from_dict({"audio": [sound], "text": ["A"]}).cast_column("audio", datasets.Audio())
    row = next(iter(_undecoded(rows, datasets.Audio(decode=False))))
    assert row["audio"]["bytes"] == sound["bytes"]
    assert row["text"] == "A"


@pytest.mark.parametrize("name", NAMES)
def test_the_task_shows_the_frozen_split(name: str, truths: list[str]) -> None:
    samples = TASKS[name].samples()
    assert len(samples) >= 100  # of a model that is slow, the first ones
    assert [sample.truth for sample in samples] == truths[: len(samples)]
    assert len({sample.id for sample in samples}) == len(samples)
    assert all(TASKS[name].size_of(sample.input) == len(sample.input) for sample in samples)


def test_what_reads_no_sound_is_no_processor_of_speech() -> None:
    from transformers import AutoProcessor, AutoTokenizer

    for name in NAMES:
        task = TASKS[name]
        folder = resolve(task.checkpoints[0], "miniature", discovery.folder_of(task)).directory
        assert task.misfit_of_processor(AutoProcessor.from_pretrained(folder), None, False) is None
        problem = task.misfit_of_processor(AutoTokenizer.from_pretrained(folder), None, False)
        assert problem is not None
        assert "does not take sound" in problem
