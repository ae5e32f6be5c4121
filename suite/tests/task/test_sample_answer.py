"""Samples with their answers, from a task to the page."""

from __future__ import annotations

import io
import wave
from pathlib import Path
from typing import Any, cast

import numpy as np
from PIL import Image

from suite.core.cell import Status
from suite.records.run_folder import RunFolder
from suite.report import write_report
from suite.report.sample_answers import MediaBudget, by_capability
from suite.task import Sample, Task
from suite.task.audio import spectrogram_picture
from suite.task.sample_answer import (
    LEAST_SIDE,
    LONGEST_TEXT,
    MOST_THUMBNAILS,
    SampleAnswer,
    png,
    sample_answers,
    thumbnails,
    wav,
)  # fmt: skip
from suite.tests.support.synthetic_run import cell

RED = np.zeros((20, 40, 3), np.uint8) + np.array([255, 0, 0], np.uint8)


class Picturing:
    """As much of a task as is asked."""

    def describe(self, value: Any) -> str:
        return "x" * 1000 if value == 3 else f"input {value}"

    def describe_answer(self, answer: Any) -> str:
        return f"said {answer}"

    def render(self, value: Any, answer: Any) -> np.ndarray | None:
        return RED if value == 0 else None

    def audio(self, value: Any) -> tuple[np.ndarray, int] | None:
        return (np.array([0.0, 2.0, -0.5], np.float32), 8000) if value == 0 else None


def shown(answers: list[Any]) -> list[SampleAnswer]:
    task: Any = Picturing()
    return sample_answers(task, [Sample(str(index), index, index) for index in range(len(answers))], answers)


def test_the_first_the_middle_and_the_last_are_shown() -> None:
    assert [one.sample for one in shown([0, 1, 2, 3, 4])] == ["0", "2", "4"]
    assert [one.answer for one in shown(["a", "b"])] == ["said a", "said b"]
    assert len(shown([0, 1, 2, 3])[-1].input) == LONGEST_TEXT


def test_small_pictures_are_enlarged_without_blur() -> None:
    image = Image.open(io.BytesIO(png(RED)))
    assert image.size == (2 * LEAST_SIDE, LEAST_SIDE)
    assert image.getcolors() == [(2 * LEAST_SIDE * LEAST_SIDE, (255, 0, 0))]


class _Pictures:
    """As much of a task as a thumbnail needs."""

    def render(self, value: Any, answer: Any) -> np.ndarray | None:
        if value is None:
            return None
        if answer == "odd":
            raise KeyError(answer)
        return np.full((*value, 3), 7, np.uint8)


def test_thumbnails_are_small_and_bounded() -> None:
    task = cast(Task, _Pictures())
    samples = [Sample("a", (2000, 1000), "x"), Sample("b", (20, 10), "odd"), Sample("c", None, "x")]
    large, small, none = thumbnails(task, samples)
    assert none is None
    assert [Image.open(io.BytesIO(file or b"")).size for file in (large, small)] == [(80, 160), (80, 160)]
    assert len(thumbnails(task, samples * 100)) == MOST_THUMBNAILS


def test_a_sound_is_a_file_that_plays() -> None:
    with wave.open(io.BytesIO(wav(np.array([0.0, 2.0, -0.5]), 8000))) as file:
        assert (file.getframerate(), file.getnchannels(), file.getnframes()) == (8000, 1, 3)
        assert np.frombuffer(file.readframes(3), "<i2").tolist() == [0, 32767, -16383]


def test_a_spectrogram_shows_a_tone_at_its_height() -> None:
    rate = 16_000
    tone = np.sin(2 * np.pi * 6000 * np.arange(rate) / rate).astype(np.float32)
    brightness = spectrogram_picture(tone, rate).sum(axis=(1, 2)).astype(float)
    assert abs(int(brightness.argmax()) / len(brightness) - (1 - 6000 / (rate / 2))) < 0.05


def test_cells_that_answer_alike_are_named_together(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path, "run")
    for backend, answers in (("eager", "ab"), ("bf16", "ab"), ("int8", "ac")):
        run.append_sample_answers(cell(backend=backend), shown(list(answers)))
    assert len(list((run.path / "exhibits").iterdir())) == 2, "one picture and one sound, kept once"
    (found,) = by_capability(run.path, run.sample_answers(), 24, MediaBudget()).values()
    assert [[(answer.text, answer.backends) for answer in one.answers] for one in found.samples] == [
        [("said a", ["eager", "bf16", "int8"])],
        [("said b", ["eager", "bf16"]), ("said c", ["int8"])],
    ]


def test_the_page_shows_them_and_survives_a_lost_file(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path, "run")
    run.write_conditions({"run": "run", "cells": []})
    run.append(cell(), "accuracy", Status.PASSED, "", {"accuracy": 0.9})
    run.append_sample_answers(cell(), shown(["<b>", "b"]))
    page = write_report([run.path], run.path).read_text(encoding="utf-8")
    assert "said &lt;b&gt;" in page
    assert 'src="data:image/png;base64,' in page
    assert 'src="data:audio/wav;base64,' in page
    for file in (run.path / "exhibits").iterdir():
        file.unlink()
    assert "data:image/png" not in write_report([run.path], run.path).read_text(encoding="utf-8")
