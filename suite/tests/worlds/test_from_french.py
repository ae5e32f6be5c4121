"""The world of translations turned around: each French sentence has one English one, and the splits stay."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from typing import Any

import pytest

from suite.task import discovery

ROOT = discovery.tasks_root()
translations = discovery.load_module(ROOT, "worlds.translations")
french = discovery.load_module(ROOT, "worlds.french")
FROZEN = "1f2b6fc8bc2c69538d096f915cd33de99f5aba0e93930cac3dbb8f28ae57087d"


@pytest.fixture(scope="module")
def test_split() -> Any:
    return translations.pairs_from_french("test")


def test_the_test_split_is_frozen(test_split: Any) -> None:
    content = json.dumps([[example.text, example.truth] for example in test_split], ensure_ascii=False)
    assert hashlib.sha256(content.encode()).hexdigest() == FROZEN
    assert len(test_split) == len({example.text for example in test_split}) == 600


def test_nothing_of_the_test_split_is_trained_on_in_either_direction(test_split: Any) -> None:
    held_out = {combination for example in test_split for combination in example.combinations}
    for pairs in (translations.pairs, translations.pairs_from_french):
        assert held_out.isdisjoint(
            combination for example in pairs("train", 3000) for combination in example.combinations
        )


def test_a_french_sentence_has_one_english_one() -> None:
    found = defaultdict(set)
    for split in ("test", "train"):
        for example in translations.pairs_from_french(split, 3000):
            found[example.text].add(example.truth)
    assert max(map(len, found.values())) == 1


def test_only_one_noun_hides_its_number() -> None:
    english = defaultdict(set)
    for noun in french.NOUNS:
        english[noun.french].add(noun.english)
        english[noun.french_plural].add(noun.english_plural)
    assert {word for word, meanings in english.items() if len(meanings) > 1} == {"souris"}


@pytest.mark.parametrize(
    ("sentence", "says_less"),
    [
        ("Le roi ne voit pas de souris.", True),
        ("Le roi n'a pas vu de souris.", True),
        ("Le roi ne voit pas de belles souris.", False),
        ("Le roi ne voit pas la souris.", False),
        ("La clé de la souris.", False),
    ],
)
def test_what_french_leaves_open_is_left_out(sentence: str, says_less: bool, test_split: Any) -> None:
    assert bool(translations.UNCOUNTED.search(sentence)) is says_less
    assert not any(translations.UNCOUNTED.search(example.text) for example in test_split)


def test_the_task_shows_the_frozen_split(test_split: Any) -> None:
    samples = discovery.load_tasks(ROOT)["translation-to-english"].samples()
    assert [(sample.input, sample.truth) for sample in samples] == [(pair.text, pair.truth) for pair in test_split]
