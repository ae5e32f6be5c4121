"""Sentences with a word left out: a frozen test split, and one right word each."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest

from suite.core.errors import InvalidInput
from suite.task import discovery

ROOT = discovery.tasks_root()
cloze = discovery.load_module(ROOT, "worlds.cloze")
vocabulary = discovery.load_module(ROOT, "worlds.vocabulary")
grammar = discovery.load_module(ROOT, "worlds.grammar")
TASK = discovery.load_tasks(ROOT)["fill-mask"]

FROZEN = "70ca9299a44ee3657602316b2d0b34289869941e85da77431af7689dcb8a4e78"
"""A change here changes what the miniature was trained against: it must then be built again."""


@pytest.fixture(scope="module")
def trained() -> list[Any]:
    return list(cloze.sentences("train", 8000))


def test_the_test_split_is_frozen() -> None:
    content = json.dumps([[sample.input, sample.truth] for sample in TASK.samples()], ensure_ascii=False)
    assert hashlib.sha256(content.encode()).hexdigest() == FROZEN


def test_splits_share_nothing(trained: list[Any]) -> None:
    test, train = cloze.sentences("test"), trained
    assert len({example.text for example in test}) == grammar.TEST_SIZE
    assert not {example.text for example in test} & {example.text for example in train}
    for split, examples in (("test", test), ("train", train)):
        for example in examples:
            assert {grammar.split_of(*combination) for combination in example.combinations} == {split}


def test_every_word_that_is_asked_for_is_trained_on(trained: list[Any]) -> None:
    assert {example.truth for example in cloze.sentences("test")} <= {example.truth for example in trained}


def test_a_sentence_has_one_mask_and_one_truth(trained: list[Any]) -> None:
    truths: dict[str, set[str]] = {}
    for example in trained:
        assert example.text.count(cloze.MASK) == 1
        assert example.truth.isalpha()
        truths.setdefault(example.text, set()).add(example.truth)
        assert re.fullmatch(r"[A-Z][\w ,;:?.<>]+[.?]", example.text), example.text
    assert all(len(found) == 1 for found in truths.values())


def test_be_agrees_with_its_subject_and_not_with_the_noun_nearby(trained: list[Any]) -> None:
    plurals = set(vocabulary.PLURALS.values())
    seen: Counter[str] = Counter()
    for example in trained:
        if example.kind != "copula":
            continue
        time, rest = example.text.split(" the ", maxsplit=1)
        subject = rest.split()[0]
        forms = {"Today": "is are", "At this moment": "is are", "Tomorrow": "will will"}.get(time, "was were").split()
        assert example.truth == forms[subject in plurals], example
        seen[example.truth] += 1
    assert set(seen) == {"is", "are", "was", "were", "will"}


def test_what_belongs_to_whom() -> None:
    for example in cloze.sentences("test"):
        if example.kind == "owner":
            facts = dict(re.findall(r"(\w+) has a (\w+)", example.text))
            for thing in re.findall(r"The (\w+) belongs", example.text):
                assert facts[example.truth] == thing
            for person in re.findall(r"(\w+) lends", example.text):
                assert facts[person] == example.truth


@pytest.mark.parametrize(
    ("text", "truth"),
    [("The king {} nobody but <mask>.", "himself"), ("The aunt {} nobody but <mask>.", "herself")],
)
def test_who_is_meant_by_a_reflexive(trained: list[Any], text: str, truth: str) -> None:
    pattern = re.compile(re.escape(text).replace(r"\{\}", r"\w+"))
    assert {e.truth for e in trained if pattern.fullmatch(e.text)} == {truth}


def test_a_text_needs_exactly_one_mask_in_either_spelling() -> None:
    def processor(text: str) -> dict[str, list[int]]:
        return {"input_ids": [0] * len(text.split())}

    processor.mask_token = "[MASK]"  # type: ignore[attr-defined]
    config = SimpleNamespace(max_position_embeddings=8)
    for text in ("A <mask> barks.", "A [MASK] barks."):
        TASK.check_input(text, processor, config)
    for text in ("A dog barks.", "A <mask> [MASK].", "<mask>" + " again" * 9):
        with pytest.raises(InvalidInput):
            TASK.check_input(text, processor, config)


def test_rows_of_paragraphs() -> None:
    words = [f"w{number}" for number in range(40)]
    sample = TASK.from_hub({"text": " ".join([*words, "the", "end"])})
    assert sample is not None
    assert (sample.input, sample.truth) == (" ".join([*words, "<mask>", "end"]), "the")
    assert TASK.from_hub({"text": " = Heading = "}) is None
