"""The world of three languages: one translation each, the codes of its samples, and its frozen test split."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from typing import Any

import pytest

from suite.task import discovery

ROOT = discovery.tasks_root()
multilingual = discovery.load_module(ROOT, "worlds.multilingual")
spanish = discovery.load_module(ROOT, "worlds.spanish")
french = discovery.load_module(ROOT, "worlds.french")
grammar = discovery.load_module(ROOT, "worlds.grammar")
FROZEN = "d965959b6e7d17df4ad03a4a54e2ee6ac7fb7eda010445a396885297881f1916"


@pytest.fixture(scope="module")
def test_split() -> Any:
    return multilingual.pairs("test")


def meaning(subject: Any, said: Any, who: Any = None, place: str = "", time: str = "") -> Any:
    return multilingual.Meaning(subject, who, said, place, time)


def thing(determiner: str, noun: str, adjective: str = "", plural: bool = False) -> Any:
    found = next(word for word in french.NOUNS if word.english == noun)
    fitting = [word for word in french.ADJECTIVES if word.english == adjective and found.kind in word.kinds]
    return multilingual.Thing(determiner, found, fitting[0] if adjective else None, plural)


def deed(verb: str, target: Any, tense: str = "present", negated: bool = False) -> Any:
    return multilingual.Deed(next(word for word in french.VERBS if word.english == verb), tense, negated, target)


def quality(adjective: str, past: bool = False, negated: bool = False) -> Any:
    found = next(word for word in french.ADJECTIVES if word.english == adjective)
    return multilingual.Quality(found, past, negated)


def test_the_test_split_is_frozen(test_split: Any) -> None:
    content = json.dumps([[example.text, example.truth] for example in test_split], ensure_ascii=False)
    assert hashlib.sha256(content.encode()).hexdigest() == FROZEN
    assert len(test_split) == len({example.text for example in test_split}) == 600


def test_every_direction_is_there(test_split: Any) -> None:
    directions = Counter(example.kind for example in test_split)
    assert len(directions) == 6
    assert min(directions.values()) > 60


def test_splits_share_no_combination(test_split: Any) -> None:
    trained = {combination for example in multilingual.pairs("train", 4000) for combination in example.combinations}
    for example in test_split:
        assert example.combinations
        assert trained.isdisjoint(example.combinations)
        assert {grammar.split_of(*combination) for combination in example.combinations} == {"test"}


def test_a_sentence_has_one_translation_into_each_language() -> None:
    found = defaultdict(set)
    for number in range(6000):
        draw = grammar.Draw("train", number)
        try:
            drawn = multilingual.draw_meaning(draw)
        except grammar.NoneLeftError:
            continue
        said = {language: multilingual.say(drawn, language) for language in multilingual.LANGUAGES}
        for source, text in said.items():
            for target, translated in said.items():
                found[source, text, target].add(translated)
    assert max(map(len, found.values())) == 1


def test_no_two_words_are_one_in_spanish() -> None:
    for table in (spanish.NOUNS, spanish.ADJECTIVES, spanish.VERBS, spanish.PLACES, spanish.TIMES):
        assert len(set(table.values())) == len(table)
    assert set(spanish.NOUNS) == {noun.english for noun in french.NOUNS}
    assert set(spanish.ADJECTIVES) == {word.english for word in french.ADJECTIVES}


@pytest.mark.parametrize(
    ("said", "english", "frenchly", "spanishly"),
    [
        (
            meaning(thing("the", "girl", "young"), deed("see", thing("the", "king", "old"))),
            "The young girl sees the old king.",
            "La jeune fille voit le vieux roi.",
            "La niña joven ve al rey viejo.",
        ),
        (
            meaning(thing("my", "aunt", "curious", True), deed("sell", thing("a", "island"), "past", True)),
            "My curious aunts did not sell an island.",
            "Mes tantes curieuses n'ont pas vendu une île.",
            "Mis tías curiosas no vendieron una isla.",
        ),
        (
            meaning(thing("this", "bird"), quality("happy", past=True, negated=True)),
            "This bird was not happy.",
            "Cet oiseau n'était pas heureux.",
            "Este pájaro no era feliz.",
        ),
        (
            meaning(
                thing("two", "mouse", plural=True),
                deed("hide", thing("our", "watch", "red"), "future"),
                deed("avoid", thing("a", "cat", "beautiful", True)),
                "by the sea",
                "tomorrow",
            ),
            "Two mice who avoid some beautiful cats will hide our red watch by the sea tomorrow.",
            "Deux souris qui évitent de beaux chats cacheront notre montre rouge au bord de la mer demain.",
            "Dos ratones que evitan unos gatos hermosos esconderán nuestro reloj rojo junto al mar mañana.",
        ),
    ],
)
def test_what_is_said(said: Any, english: str, frenchly: str, spanishly: str) -> None:
    assert [multilingual.say(said, language) for language in multilingual.LANGUAGES] == [english, frenchly, spanishly]


def test_the_task_shows_the_frozen_split(test_split: Any) -> None:
    task = discovery.load_tasks(ROOT)["multilingual-translation"]
    samples = task.samples()
    assert [(sample.input["text"], sample.truth) for sample in samples] == [
        (pair.text, pair.truth) for pair in test_split
    ]
    assert all(
        f"{sample.input['source']}-{sample.input['target']}" == pair.kind
        for sample, pair in zip(samples, test_split, strict=True)
    )
    assert samples[0].input["text"] in task.describe(samples[0].input)
