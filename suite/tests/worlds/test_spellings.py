"""Texts for tokenizers, the five tokenizers that are shipped, and checkpoints without weights in general."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from suite.backends import REGISTRY, get_backend
from suite.core.errors import CheckpointError
from suite.subjects import open_subject, resolve
from suite.subjects.integrity import check_files
from suite.task import Checkpoint, discovery, miniatures

ROOT = discovery.tasks_root()
spellings = discovery.load_module(ROOT, "worlds.spellings")
grammar = discovery.load_module(ROOT, "worlds.grammar")
FROZEN = "1458962762d4d8ff379d69455d6affd275df210350f66279735f9fa706d89c4f"
KINDS = ("wordpiece", "bpe", "unigram", "word", "character")


@pytest.fixture(scope="module")
def task() -> Any:
    return discovery.load_tasks(ROOT)["tokenization"]


@pytest.fixture(scope="module")
def test_split() -> Any:
    return spellings.spellings("test")


def test_the_test_split_is_frozen(task: Any, test_split: Any) -> None:
    content = json.dumps([[example.text, example.kind] for example in test_split], ensure_ascii=False)
    assert hashlib.sha256(content.encode()).hexdigest() == FROZEN
    assert [sample.input for sample in task.samples()] == [example.text for example in test_split]
    assert len({example.text for example in test_split}) == 600


def test_every_combination_is_the_test_splits_own(test_split: Any) -> None:
    combinations = {combination for example in test_split for combination in example.combinations}
    assert {grammar.split_of(*combination) for combination in combinations} == {"test"}
    assert {example.kind for example in test_split} == {kind for _, kind in spellings.FORMS}


@pytest.mark.parametrize("text", ["Ein Maß.", "語 🙂", "a\n\nb", "x"])
def test_text_goes_in_as_bytes(task: Any, text: str) -> None:
    batch = task.encode(None, [text, "a longer text than the other"])
    row, size = batch["text"][0], int(batch["length"][0])
    assert bytes(row[:size].tolist()).decode() == text


@pytest.mark.parametrize("kind", KINDS)
def test_a_tokenizer_is_opened_without_weights(task: Any, kind: str) -> None:
    checkpoint = next(one for one in task.checkpoints if one.miniature == f"tokenization-{kind}")
    subject = open_subject(resolve(checkpoint, "miniature", ROOT), task)
    model = subject.load_model()
    assert not list(model.parameters())
    texts = ["The cat sleeps.", "Nobody  saw   it 語"]
    batch = task.encode(subject.processor, texts)
    alone = [model(**task.encode(subject.processor, [text]))[0] for text in texts]
    together = model(**batch)
    assert together == alone == subject.processor(texts)["input_ids"]
    answers = task.decode(together, batch, subject.processor, subject.config)
    assert (answers == texts) == (kind == "bpe")


def test_tokenizers_lose_different_things() -> None:
    cards = {kind: _card(f"tokenization-{kind}")["score"]["test"] for kind in KINDS}
    assert cards["bpe"] == 1.0
    assert len(set(cards.values())) == len(KINDS)
    assert min(cards.values()) > 0.2


def test_only_what_needs_no_weights_runs_a_tokenizer(task: Any) -> None:
    backends = [get_backend(name) for name in REGISTRY]
    assert {backend.name for backend in backends if not backend.needs_weights} == {"eager", "noop"}
    assert "nothing to quantize" in task.no_weights


def test_what_was_made_by_hand_is_not_looked_for_on_the_hub() -> None:
    checkpoint = Checkpoint("by-hand", "", "PreTrainedTokenizerFast", miniature="by-hand")
    assert "lies on no Hub" in str(resolve(checkpoint, "hub", ROOT).unavailable)


def test_weights_may_be_absent_only_where_none_are_needed(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    check_files(tmp_path, weights=False)
    with pytest.raises(CheckpointError, match="has no weights"):
        check_files(tmp_path)


def test_a_task_with_weights_has_no_loader_of_its_own() -> None:
    with pytest.raises(LookupError, match="has weights"):
        discovery.load_tasks(ROOT)["translation"].load_model(Path(), None)


def _card(name: str) -> Any:
    return json.loads((miniatures.shipped(ROOT)[name] / "card.json").read_text())
