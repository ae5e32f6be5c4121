"""A checkpoint to be tuned: its body as it is stored, a new head where it has none, and the same one each time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.numpy import load_file, save_file

from suite.core.errors import CheckpointError
from suite.core.work import Schedule
from suite.subjects import Source, open_subject
from suite.task import Sample
from suite.task.text_training import ClassifierTraining
from suite.tests.support import made_checkpoints as made


class Tuning(ClassifierTraining):
    """A stub of a training."""

    name = "tuning"
    modality = "text"
    checkpoints = (made.CHECKPOINT,)
    labels = ("GOOD", "BAD")
    schedule = Schedule(steps=2, batch_size=2, rate=1e-3, adapter_rate=1e-3)

    def samples(self) -> Any:
        return made.Moods().samples()

    def training_samples(self) -> Any:
        return made.Moods().samples()


def untuned(folder: Path, classes: tuple[str, ...] = ("a", "b", "c"), seed: int = 0) -> Any:
    source = Source("local", made.CHECKPOINT, directory=folder)
    return open_subject(source, Tuning(), seed=seed, classes=classes).load_model()


@pytest.fixture
def classifier(tmp_path: Path) -> Path:
    return made.classifier(tmp_path)


def test_a_head_for_other_classes_is_made_anew(classifier: Path) -> None:
    stored = load_file(classifier / "model.safetensors")
    model = untuned(classifier)
    assert model.classifier.out_features == 3
    assert model.config.id2label == {0: "a", 1: "b", 2: "c"}
    weights = model.state_dict()
    body = [name for name in stored if not name.startswith("classifier")]
    assert body
    assert all((weights[name].numpy() == stored[name]).all() for name in body)


def test_the_new_head_is_the_seeds_and_nothing_elses(classifier: Path) -> None:
    torch.manual_seed(17)
    first = untuned(classifier).classifier.weight
    torch.manual_seed(18)
    assert torch.equal(untuned(classifier).classifier.weight, first)
    assert not torch.equal(untuned(classifier, seed=1).classifier.weight, first)


def test_a_head_for_the_same_classes_is_kept_in_its_own_order(classifier: Path) -> None:
    stored = load_file(classifier / "model.safetensors")["classifier.weight"]
    config = json.loads((classifier / "config.json").read_text())
    (classifier / "config.json").write_text(json.dumps(config | {"id2label": {"0": "Good", "1": "bad"}}))
    model = untuned(classifier, ("bad", "good"))
    assert model.config.id2label == {0: "Good", 1: "bad"}
    assert (model.classifier.weight.detach().numpy() == stored).all()


def test_a_head_for_as_many_other_classes_is_made_anew(classifier: Path) -> None:
    stored = load_file(classifier / "model.safetensors")["classifier.weight"]
    model = untuned(classifier, ("sport", "law"))
    assert not (model.classifier.weight.detach().numpy() == stored).any()
    assert torch.equal(untuned(classifier, ("sport", "law")).classifier.weight, model.classifier.weight)


def test_a_label_is_one_in_any_case() -> None:
    rows = [Sample(str(i), "x", truth) for i, truth in enumerate(("Good", "good ", "BAD", "bad", 1, "1"))]
    assert Tuning().classes(rows) == ["1", "BAD", "Good"]


@pytest.mark.parametrize(
    ("parameters", "rank", "low", "high"),
    [
        (1_000, None, 4e-3, 4e-3),
        (124_000, None, 4e-3, 4e-3),
        (7_000_000, None, 2e-4, 4e-4),
        (110_000_000, None, 4e-5, 6e-5),
        (340_000_000, None, 2e-5, 3e-5),
        (124_000, 8, 1e-2, 1e-2),
        (125_000_000, 8, 3e-4, 6e-4),
    ],
)
def test_a_rate_is_that_of_the_models_size(parameters: int, rank: int | None, low: float, high: float) -> None:
    rate = Schedule(steps=1, batch_size=1, rate=4e-3, adapter_rate=1e-2).rate_for(parameters, rank)
    assert low <= rate * (1 + 1e-9)
    assert rate <= high * (1 + 1e-9)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("missing", "has no weights for bert.encoder.layer.0"),
        ("shape", "stores bert.embeddings.word_embeddings.weight as"),
    ],
)
def test_a_body_that_is_not_whole_is_refused(classifier: Path, damage: str, words: str) -> None:
    file = classifier / "model.safetensors"
    tensors = load_file(file)
    if damage == "missing":
        tensors = {name: value for name, value in tensors.items() if "layer.0.attention.self.query" not in name}
        save_file(tensors, file, metadata={"format": "pt"})
    else:
        config = json.loads((classifier / "config.json").read_text())
        (classifier / "config.json").write_text(json.dumps(config | {"vocab_size": config["vocab_size"] + 8}))
    with pytest.raises(CheckpointError, match=words):
        untuned(classifier)
