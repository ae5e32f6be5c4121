"""A checkpoint learns what it is taught, by every method; an adapter leaves its base alone; nothing else is kept."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from suite.backends import REGISTRY, get_backend
from suite.task.discovery import load_tasks, tasks_root
from suite.task.training import TrainingTask
from suite.tests.training.conftest import OpenTraining
from suite.training.adapters import moved, trained_share
from suite.training.cell import ADAPTER, MODEL, read_facts
from suite.training.lessons import LABELS

METHODS = [name for name in REGISTRY if get_backend(name).method is not None and name != "compile"]


@pytest.mark.slow
@pytest.mark.parametrize("backend", METHODS)
def test_it_learns(open_training: OpenTraining, backend: str) -> None:
    capability = "lora" if backend.startswith("lora") else "fine-tuning"
    worker = open_training(backend, capability, steps=None)
    assert worker.tuned is not None
    assert isinstance(worker.task, TrainingTask)
    facts = read_facts(worker.tuned)
    assert len(facts.losses) == worker.task.schedule.steps
    assert np.median(facts.losses[-20:]) < 0.5 * np.median(facts.losses[:5])
    assert facts.moved == []


def test_untuned_it_is_the_same_each_time_and_knows_nothing(open_training: OpenTraining) -> None:
    training = open_training().training
    one, other = (training.tuning().untuned() for _ in range(2))
    assert all(torch.equal(weight, dict(other.named_parameters())[name]) for name, weight in one.named_parameters())
    stored = training.subject.directory / "model.safetensors"
    assert stored.is_file()
    assert "classifier" in {name.partition(".")[0] for name, _ in one.named_parameters()}


@pytest.mark.slow
def test_adapters_are_a_small_part_and_come_apart(open_training: OpenTraining) -> None:
    shares = []
    for rank in (2, 8):
        worker = open_training(f"lora-{rank}")
        assert worker.tuned is not None
        assert {path.name for path in worker.tuned.iterdir()} == {MODEL, ADAPTER, "facts.json"}
        shares.append(read_facts(worker.tuned).trained_share)
        config = json.loads((worker.tuned / ADAPTER / "adapter_config.json").read_text())
        assert config["base_model_name_or_path"] == "", "a path of this machine"
        assert worker.runnable.notes == {"trained_share": round(shares[-1], 6)}
    assert 0 < shares[0] < shares[1] < 0.5
    untuned = worker.training.tuning().untuned()
    assert trained_share(untuned) == pytest.approx(shares[-1])
    assert moved(worker.subject.load_model(), untuned) == []
    with torch.no_grad():
        next(weight for name, weight in untuned.named_parameters() if "base_layer.weight" in name).add_(1e-3)
    assert len(moved(worker.subject.load_model(), untuned)) == 1


def test_permuted_labels_are_the_same_labels(open_training: OpenTraining) -> None:
    lessons = open_training().training.lessons
    permuted = lessons.with_permuted_labels()
    ours, theirs = ([row[LABELS] for row in one.rows] for one in (lessons, permuted))
    assert sorted(ours) == sorted(theirs)
    kept = np.mean(np.array(ours) == np.array(theirs))
    assert kept < 0.2, "of fourteen labels about one in fourteen stays by chance"
    assert [row["input_ids"] for row in lessons.rows] == [row["input_ids"] for row in permuted.rows]
    assert lessons.digest != permuted.digest


def test_no_word_that_tells_a_topic_is_in_both_splits() -> None:
    task = load_tasks(tasks_root())["fine-tuning"]
    assert isinstance(task, TrainingTask)
    assert not {sample.input for sample in task.samples()} & {sample.input for sample in task.training_samples()}
    assert {sample.truth for sample in task.samples()} <= set(task.classes(task.training_samples()))


def test_a_timed_step_changes_weights_and_nothing_that_is_judged(open_training: OpenTraining, tmp_path: Path) -> None:
    worker = open_training()
    before = {name: weight.clone() for name, weight in worker.runnable.model.state_dict().items()}
    first, *_, last = [worker.timed_call() for _ in range(30)]
    assert float(last) < float(first), "it is the optimizer's step that is timed"
    assert all(torch.equal(weight, before[name]) for name, weight in worker.runnable.model.state_dict().items())
    assert worker.timed_length is not None
    assert worker.timed_length > 4
