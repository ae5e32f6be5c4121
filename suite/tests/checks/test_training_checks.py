"""What the checks of a training find: each fault is planted in the shipped capability, and is seen."""

from __future__ import annotations

import copy
import dataclasses
import random
from pathlib import Path
from typing import Any

import pytest
import torch

from suite.checks import adapter, keeps, learns, reproducible, resumes
from suite.core.cell import Status
from suite.core.errors import NotFinite
from suite.core.runnable import Runnable
from suite.core.work import Method
from suite.task.discovery import load_tasks, tasks_root
from suite.task.miniatures import damage
from suite.task.training import TrainingTask
from suite.tests.training.conftest import OpenTraining, open_training
from suite.training import tuning
from suite.training.adapters import with_adapter
from suite.training.lessons import Lessons
from suite.worker.cell_worker import CellWorker

__all__ = ["open_training"]

pytestmark = pytest.mark.slow


def fine_tuning() -> TrainingTask:
    task = load_tasks(tasks_root())["fine-tuning"]
    assert isinstance(task, TrainingTask)
    return task


TASK = fine_tuning()


def learnt(worker: CellWorker) -> learns.Lesson:
    return learns.examine(worker)


def test_a_sound_training_passes_everything(open_training: OpenTraining) -> None:
    worker = open_training("lora-8", steps=None)
    lesson = learnt(worker)
    outcome = learns.judge(lesson, worker.task)
    assert outcome.status is Status.PASSED, outcome.reason
    assert outcome.fields["before"] < 0.3 > outcome.fields["permuted"]
    assert 0 < outcome.fields["trained_share"] < 0.5
    assert outcome.fields["last_loss"] < outcome.fields["first_loss"]
    assert reproducible.judge(reproducible.examine(worker), "cpu").status is Status.PASSED
    assert resumes.judge(resumes.examine(worker), "cpu").status is Status.PASSED
    assert adapter.judge(adapter.examine(worker)).status is Status.PASSED


def test_a_frozen_optimizer_is_no_training(open_training: OpenTraining) -> None:
    worker = open_training(schedule=dataclasses.replace(TASK.schedule, rate=0.0))
    outcome = learns.judge(learnt(worker), worker.task)
    assert outcome.status is Status.FAILED
    assert "it learnt nothing" in outcome.reason


def test_permuted_labels_that_teach_are_a_leak(open_training: OpenTraining, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = open_training(steps=150)
    monkeypatch.setattr(Lessons, "with_permuted_labels", lambda lessons: lessons)
    outcome = learns.judge(learnt(worker), worker.task)
    assert outcome.status is Status.FAILED
    assert "trained on permuted labels" in outcome.reason


def test_an_evaluation_on_the_training_split_is_none(open_training: OpenTraining) -> None:
    worker = open_training(samples=lambda: TASK.training_samples()[:300])
    outcome = learns.judge(learnt(worker), worker.task)
    assert outcome.status is Status.FAILED
    assert "300 of 300 test samples are training samples too" in outcome.reason


@pytest.mark.parametrize(("steps", "cut_at"), [(24, 6), (24, 10), (24, 23), (3, 2), (1, 2)])
def test_wherever_it_is_cut_off_it_goes_on(
    open_training: OpenTraining, monkeypatch: pytest.MonkeyPatch, steps: int, cut_at: int
) -> None:
    worker = open_training(steps=steps)
    drawn: list[tuple[int, int]] = []

    def draw(_: random.Random, low: int, high: int) -> int:
        drawn.append((low, high))
        return cut_at

    monkeypatch.setattr(random.Random, "randrange", draw)
    outcome = resumes.judge(resumes.examine(worker), "cpu")
    assert outcome.status is Status.PASSED, outcome.reason
    assert drawn[0][0] <= cut_at < drawn[0][1]


def test_a_resumption_that_begins_anew_is_seen(open_training: OpenTraining, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = open_training()
    train = tuning.Tuning.train
    monkeypatch.setattr(
        tuning.Tuning, "train", lambda self, work, resume=False, **options: train(self, work, **options)
    )
    outcome = resumes.judge(resumes.examine(worker), "cpu")
    assert outcome.status is Status.FAILED
    assert "it did not go on from its checkpoint" in outcome.reason


def test_a_resumption_that_forgets_the_optimizer_is_seen(
    open_training: OpenTraining, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = open_training()
    last = tuning._last_checkpoint

    def without_optimizer(work: Path) -> Path:
        found = last(work)
        (found / "optimizer.pt").unlink()
        return found

    monkeypatch.setattr(tuning, "_last_checkpoint", without_optimizer)
    outcome = resumes.judge(resumes.examine(worker), "cpu")
    assert outcome.status is Status.FAILED
    assert "ends with other weights than an unbroken one" in outcome.reason


def test_a_training_that_draws_anew_each_time_is_seen(
    open_training: OpenTraining, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = open_training()
    drawn = iter(range(100))
    train = tuning.Tuning.train

    def otherwise(self: tuning.Tuning, work: Path, **options: Any) -> tuning.Trained:
        lessons = dataclasses.replace(self.lessons, seed=next(drawn))
        return train(dataclasses.replace(self, lessons=lessons), work, **options)

    monkeypatch.setattr(tuning.Tuning, "train", otherwise)
    outcome = reproducible.judge(reproducible.examine(worker), "cpu")
    assert outcome.status is Status.FAILED
    assert "have other losses from step 1 on" in outcome.reason


def test_a_base_that_moves_is_seen(open_training: OpenTraining, monkeypatch: pytest.MonkeyPatch) -> None:
    wrapped = with_adapter

    def thawed(model: Any, rank: int) -> Any:
        adapted = wrapped(model, rank)
        next(weight for name, weight in adapted.named_parameters() if "base_layer.weight" in name).requires_grad = True
        return adapted

    monkeypatch.setattr(tuning, "with_adapter", thawed)
    outcome = adapter.judge(adapter.examine(open_training("lora-2")))
    assert outcome.status is Status.FAILED
    assert "1 frozen weights of the base were changed" in outcome.reason


def test_a_merge_that_changes_the_answers_is_seen(open_training: OpenTraining) -> None:
    worker = open_training("lora-2")
    with torch.no_grad():
        worker.runnable.model.classifier.out_proj.bias.add_(1.0)
    outcome = adapter.judge(adapter.examine(worker))
    assert outcome.status is Status.FAILED
    assert "and the merged model differ by" in outcome.reason


def test_what_another_backend_loses_is_seen(open_training: OpenTraining, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = open_training(steps=None)
    outcome = keeps.judge(keeps.examine(worker), worker.task, 0, False)
    assert outcome.status is Status.PASSED, outcome.reason

    def damaged(_: CellWorker, backend: str) -> Runnable:
        model = copy.deepcopy(worker.runnable.model)
        if backend == "onnx":
            damage(model, 0.5)
        return Runnable(model, "cpu")

    monkeypatch.setattr(CellWorker, "executed_by", damaged)
    outcome = keeps.judge(keeps.examine(worker), worker.task, 0, False)
    assert outcome.status is Status.FAILED
    assert "tuned and then run on onnx" in outcome.reason


def test_what_is_not_finite_is_said_so_and_blamed_on_nothing_else(
    open_training: OpenTraining, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = open_training()
    load = worker.subject.load_model

    def damaged() -> Any:
        model = load()
        with torch.no_grad():
            model.roberta.encoder.layer[0].attention.self.query.weight.fill_(float("nan"))
        return model

    worker.subject.load_model = damaged
    with torch.no_grad():
        worker.runnable.model.classifier.dense.weight.fill_(float("nan"))
    for examine in (learns.examine, keeps.examine):
        with pytest.raises(NotFinite):
            examine(worker)
    assert reproducible.judge(reproducible.examine(worker), "cpu").status is Status.PASSED
    assert resumes.judge(resumes.examine(worker), "cpu").status is Status.PASSED


def lesson(before: int, after: int, control: int, of: int) -> learns.Lesson:
    """So many of the answers right."""

    def answers(right: int) -> list[str]:
        return ["sport"] * right + ["law"] * (of - right)

    truths = ["sport"] * of
    return learns.Lesson(answers(before), answers(after), answers(control), truths, [2.0, 1.0], 1.0, 1.0, [])


@pytest.mark.parametrize(
    ("before", "after", "of", "status"),
    [
        (5, 95, 100, Status.PASSED),
        (50, 50, 100, Status.FAILED),
        (60, 40, 100, Status.FAILED),
        (2, 5, 6, Status.UNSTABLE),  # few samples cannot tell
        (50, 55, 100, Status.UNSTABLE),
    ],
)
def test_better_is_a_paired_test(before: int, after: int, of: int, status: Status) -> None:
    outcome = learns.judge(lesson(before, after, 0, of), TASK)
    assert outcome.status is status, outcome.reason


@pytest.mark.parametrize(
    ("before", "after", "status", "words"),
    [
        (90, 90, Status.UNSTABLE, "the checkpoint knew what it was to learn"),
        (90, 92, Status.UNSTABLE, "the checkpoint knew what it was to learn"),
        (90, 60, Status.FAILED, "it unlearnt: accuracy was 0.9000"),
        (60, 95, Status.PASSED, ""),
    ],
)
def test_who_knew_it_before_is_not_blamed_for_learning_little(
    before: int, after: int, status: Status, words: str
) -> None:
    truths = ["sport", "law"] * 50

    def answers(right: int) -> list[str]:
        return truths[:right] + ["music"] * (100 - right)

    found = learns.Lesson(answers(before), answers(after), answers(0), truths, [2.0, 1.0], 1.0, 1.0, [])
    outcome = learns.judge(found, TASK)
    assert outcome.status is status
    assert words in outcome.reason


def test_adapters_alone_are_asked_about_adapters() -> None:
    check = adapter.AdapterCheck()
    assert check.applies_to(Method(rank=4))
    assert not check.applies_to(Method())
    assert not check.applies_to(None)
