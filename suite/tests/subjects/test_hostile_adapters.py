"""Adapters made to use up what loads them: each is refused in a sentence before anything is made for it."""

from __future__ import annotations

import json
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from suite.core.errors import CheckpointError, UsageError, sentence
from suite.subjects.adapter import Adapter, merged, read_adapter
from suite.subjects.model_option import match
from suite.tests.support import made_checkpoints as made

peft = pytest.importorskip("peft")
WEIGHTS, CONFIG = "adapter_model.safetensors", "adapter_config.json"
HEAD = "base_model.model.classifier.weight"
SECONDS = 10.0


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made.encoder(tmp_path_factory.mktemp("base"))


@pytest.fixture
def adapter(base: Path, tmp_path: Path) -> Path:
    """An adapter of rank 2 with a head."""
    wrapped = peft.get_peft_model(
        classifier(base), peft.LoraConfig(task_type="SEQ_CLS", r=2, lora_alpha=8, target_modules=["query", "value"])
    )
    wrapped.save_pretrained(tmp_path / "adapter")
    return tmp_path / "adapter"


def classifier(base: Path) -> Any:
    import transformers

    return transformers.AutoModelForSequenceClassification.from_pretrained(base, num_labels=3)


def configured(**values: Any) -> Callable[[Path], None]:
    def spoil(adapter: Path) -> None:
        file = adapter / CONFIG
        file.write_text(json.dumps({**json.loads(file.read_text()), **values}))

    return spoil


def headed(dtype: str, shape: list[int], more: int = 0, name: str = HEAD) -> Callable[[Path], None]:
    """Another tensor in the place of the head, with so many bytes."""

    def spoil(adapter: Path) -> None:
        raw = (adapter / WEIGHTS).read_bytes()
        length = int.from_bytes(raw[:8], "little")
        header = {key: value for key, value in json.loads(raw[8 : 8 + length]).items() if "classifier" not in key}
        end, start = 0, 0
        for entry in header.values():
            if "data_offsets" in entry:
                size = entry["data_offsets"][1] - entry["data_offsets"][0]
                start, end = end, end + size
                entry["data_offsets"] = [start, end]
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [end, end + more]}
        text = json.dumps(header).encode()
        (adapter / WEIGHTS).write_bytes(struct.pack("<Q", len(text)) + text + bytes(end + more))

    return spoil


REFUSED: dict[str, tuple[Callable[[Path], None], str]] = {
    "head-without-content": (headed("F32", [10**6, 0]), "no floating point numbers, empty"),
    "head-of-a-type-that-is-not-counted": (headed("F4", [10**6, 32], 8), "no floating point numbers, empty"),
    "head-of-whole-numbers": (headed("I32", [3, 32], 384), "no floating point numbers, empty"),
    "head-of-many-classes": (headed("F16", [200_000, 1], 400_000), "brings a head for 200,000 classes"),
    "name-of-a-tensor": (headed("F32", [1], 4, name="a." * 50_000), "have no name of a module"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_tensors_that_say_more_than_there_is(adapter: Path, base: Path, name: str) -> None:
    spoil, words = REFUSED[name]
    spoil(adapter)
    started = time.thread_time()
    with pytest.raises(UsageError) as refusal:
        match(str(adapter), [made.Moods()], own_samples=True, base=str(base))
    assert time.thread_time() - started < SECONDS
    assert words in sentence(refusal.value)
    assert len(sentence(refusal.value)) < 2000


UNMERGED: dict[str, tuple[Callable[[Path], None], str]] = {
    "rank": (configured(r=10**6), "asks for rank 1,000,000 at bert"),
    "rank-of-a-module": (configured(rank_pattern={"query": 10**5}), "asks for rank 100,000 at bert"),
    "modules-within-modules": (
        configured(modules_to_save=["bert", "encoder", "layer", "0", "attention", "self", "query", "classifier"]),
        "within bert, and both as a whole",
    ),
    "module-within-a-module": (configured(modules_to_save=["encoder", "attention", "classifier"]), "as a whole"),
}


def no_room(*_: Any, **__: Any) -> Any:
    raise AssertionError("PEFT was asked to make room for it")


@pytest.mark.parametrize("name", UNMERGED)
def test_nothing_is_made_that_the_tensors_do_not_fill(
    adapter: Path, base: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil, words = UNMERGED[name]
    spoil(adapter)
    monkeypatch.setattr(peft, "PeftModel", no_room)
    with pytest.raises(CheckpointError) as refusal:
        merged(classifier(base), read_adapter(adapter))
    assert words in sentence(refusal.value)


@pytest.mark.parametrize(
    "spoil",
    [
        configured(rank_pattern={f"q{number}": 2 for number in range(300_000)}),
        configured(alpha_pattern={f"q{number}": 2 for number in range(300_000)}),
        configured(modules_to_save=["classifier", "score", *(f"q{number}" for number in range(300_000))]),
    ],
    ids=["ranks", "alphas", "modules"],
)
def test_entries_about_modules_that_are_not_there_cost_nothing(
    adapter: Path, base: Path, spoil: Callable[[Path], None]
) -> None:
    spoil(adapter)
    model = classifier(base)
    started = time.thread_time()
    assert merged(model, read_adapter(adapter)) is not None
    assert time.thread_time() - started < SECONDS


def test_ranks_by_module_are_obeyed(base: Path, tmp_path: Path) -> None:
    """As PEFT does: an entry is the end of a module's name."""
    import torch

    config = peft.LoraConfig(
        task_type="SEQ_CLS", r=2, lora_alpha=8, target_modules=["query", "value", "word_embeddings"],
        rank_pattern={"self.query": 4, "word_embeddings": 5}, alpha_pattern={"value": 3},
    )  # fmt: skip
    torch.manual_seed(0)
    wrapped = peft.get_peft_model(classifier(base), config)
    with torch.no_grad():
        for name, parameter in wrapped.named_parameters():
            if "lora_" in name:
                parameter.normal_(0, 0.5)
    wrapped.save_pretrained(tmp_path)
    expected = wrapped.merge_and_unload().state_dict()
    adapter: Adapter = read_adapter(tmp_path)
    found = merged(classifier(base), adapter).state_dict()
    assert all(torch.allclose(found[name], expected[name], atol=1e-6) for name in expected)
