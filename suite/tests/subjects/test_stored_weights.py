"""Weights that are not those that the config asks for: which, and what to do, is said; what is not read is noted."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from suite.core.errors import CheckpointError, NotFinite
from suite.subjects import Source, open_subject
from suite.subjects.stored_weights import not_finite
from suite.task import discovery
from suite.tests.support import made_checkpoints as made
from suite.worker.cell_worker import CellWorker
from suite.worker.messages import Request, Spec

Tensors = dict[str, Any]
LAYER = "bert.encoder.layer.0.attention.self.query.weight"


@pytest.fixture
def classifier(tmp_path: Path) -> Path:
    return made.classifier(tmp_path)


def change(
    folder: Path, config: dict[str, Any] | None = None, weights: Callable[[Tensors], Tensors] | None = None
) -> None:
    if config:
        file = folder / "config.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | config))
    if weights:
        file = folder / "model.safetensors"
        save_file(weights(load_file(file)), file, metadata={"format": "pt"})


def opened(folder: Path) -> Any:
    source = Source("local", made.CHECKPOINT, directory=folder)
    return open_subject(source, made.Moods(), own_samples=made.Moods().samples())


def renamed(old: str, new: str) -> Callable[[Tensors], Tensors]:
    return lambda tensors: {name.replace(old, new): tensor for name, tensor in tensors.items()}


def without(part: str) -> Callable[[Tensors], Tensors]:
    return lambda tensors: {name: tensor for name, tensor in tensors.items() if part not in name}


@pytest.mark.parametrize(
    ("config", "weights", "words"),
    [
        ({"id2label": {"0": "a", "1": "b", "2": "c"}}, None, "num_labels is for 3 classes, and the head has 2"),
        ({"vocab_size": 40}, None, r"as \[32, 32\].* has \[40, 32\] by its config.json: its vocab_size is not that"),
        ({"intermediate_size": 48}, None, "and 2 more like it: the config does not belong to the weights"),
        (None, renamed("classifier", "score"), r"holds score\.bias, score\.weight, which it does not know"),
        (None, renamed("bert.", "module.bert."), "bear other names"),
        (None, without("classifier"), "it was not trained for this task. Pass a fine-tuned"),
        (None, without("layer.0."), "the weights are incomplete"),
        ({"num_hidden_layers": 2}, None, "the config is that of a larger model"),
    ],
)
def test_what_does_not_fit_is_named(
    classifier: Path, config: dict[str, Any] | None, weights: Callable[[Tensors], Tensors] | None, words: str
) -> None:
    change(classifier, config, weights)
    with pytest.raises(CheckpointError, match=words) as caught:
        opened(classifier).load_model()
    assert "ignore_mismatched_sizes" not in str(caught.value)


def test_what_is_not_read_is_noted(classifier: Path) -> None:
    change(classifier, {"num_hidden_layers": 0})
    subject = opened(classifier)
    subject.load_model()
    assert "bert.encoder.layer.0." in subject.notes["weights_unread"]
    change(classifier, {"num_hidden_layers": 1})
    whole = opened(classifier)
    whole.load_model()
    assert "weights_unread" not in whole.notes


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_named_with_the_outputs(tmp_path: Path, value: float) -> None:
    made.classifier(tmp_path, labels=("NEGATIVE", "POSITIVE"))

    def spoilt(tensors: Tensors) -> Tensors:
        tensors[LAYER] = tensors[LAYER].copy()
        tensors[LAYER][0, 0] = value
        return tensors

    change(tmp_path, weights=spoilt)
    assert not_finite(tmp_path) == [LAYER]
    samples = tmp_path / "own.jsonl"
    samples.write_text('{"input": "a b", "truth": "POSITIVE"}\n{"input": "c", "truth": "NEGATIVE"}\n')
    worker = CellWorker(
        Spec(
            cell="sentiment-analysis/x/eager", capability="sentiment-analysis", tasks=discovery.tasks_root(),
            source=Source("local", made.CHECKPOINT, directory=tmp_path), backend="suite.backends.eager:Eager",
            device="cpu", threads=1, batch_size=1, seed=0, samples=samples, hub_data=False,
        )
    )  # fmt: skip
    worker.answer(Request("open", {"build": None}))
    with pytest.raises(NotFinite, match=rf"So are weights of the checkpoint itself \({LAYER}\)"):
        worker.answer(Request("answers"))


def test_finite_weights_are_not_accused(classifier: Path) -> None:
    change(classifier, weights=lambda tensors: {name: tensor.astype(np.float64) for name, tensor in tensors.items()})
    assert not_finite(classifier) == []
