"""The generated worlds of text: frozen test splits that share no combination with training, and exact truths."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections import defaultdict
from typing import Any

import numpy as np
import pytest

from suite.task import discovery

ROOT = discovery.tasks_root()
grammar = discovery.load_module(ROOT, "worlds.grammar")
sentiments = discovery.load_module(ROOT, "worlds.sentiments")
entities = discovery.load_module(ROOT, "worlds.entities")
continuations = discovery.load_module(ROOT, "worlds.continuations")
translations = discovery.load_module(ROOT, "worlds.translations")
french = discovery.load_module(ROOT, "worlds.french")

WORLDS = {
    "sentiment-analysis": sentiments.reviews,
    "named-entity-recognition": entities.news,
    "text-generation": continuations.prompts,
    "translation": translations.pairs,
}
FROZEN = {
    "sentiment-analysis": "071cef6de52b0df3ddb85bc4fd6ccf997f8febc658118ac835a96e1f84e9d2ba",
    "named-entity-recognition": "efbebb03eac884af023e530558753f1eea3f495a4cf331a54d6fd3264a528489",
    "text-generation": "ae64a8b98079888b7e2f5267c4c479b48fd7c66fded748fbca4cf68aa5cefbae",
    "translation": "9a387ac9c70857cb0a7b932512a555d850b36f2053330f72d0dc6e8f4258ca54",
}
"""A change here changes what every miniature was trained against: all of them must then be built again."""


@pytest.fixture(scope="module", params=WORLDS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def test_split(name: str) -> Any:
    return WORLDS[name]("test")


@pytest.fixture(scope="module")
def train_split(name: str) -> Any:
    return WORLDS[name]("train", 5000)


def test_the_test_split_is_frozen(name: str, test_split: Any) -> None:
    content = json.dumps([[example.text, example.truth] for example in test_split], ensure_ascii=False)
    assert hashlib.sha256(content.encode()).hexdigest() == FROZEN[name]


def test_the_test_split_is_large_enough_and_without_repetition(test_split: Any) -> None:
    assert len(test_split) == len({example.text for example in test_split}) == 600


def test_splits_share_no_combination(test_split: Any, train_split: Any) -> None:
    held_out = {combination for example in test_split for combination in example.combinations}
    trained = {combination for example in train_split for combination in example.combinations}
    assert held_out
    assert not held_out & trained


def test_every_combination_lies_where_its_hash_says(test_split: Any, train_split: Any) -> None:
    for split, examples in (("test", test_split), ("train", train_split)):
        for example in examples:
            assert {grammar.split_of(*combination) for combination in example.combinations} == {split}


def test_no_text_of_the_test_split_is_trained_on(test_split: Any, train_split: Any) -> None:
    assert not {example.text for example in test_split} & {example.text for example in train_split}


def test_the_task_shows_the_frozen_split(name: str, test_split: Any) -> None:
    samples = discovery.load_tasks(ROOT)[name].samples()
    assert [sample.input for sample in samples] == [example.text for example in test_split]
    assert len({sample.id for sample in samples}) == len(samples)


def test_combinations_of_rejected_draws_are_forgotten() -> None:
    draw = grammar.Draw("train", 0)

    def pick() -> str:
        return str(draw.together(lambda: draw.one("abcdefgh"), lambda letter: ("inner", letter)))

    outer = draw.together(pick, lambda letter: ("outer", letter))
    assert draw.combinations == [("inner", outer), ("outer", outer)]


def test_words_alone_do_not_tell_a_sentiment() -> None:
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression

    train, test = sentiments.reviews("train", 4000), sentiments.reviews("test")
    counts = CountVectorizer(ngram_range=(1, 2))
    model = LogisticRegression(max_iter=200).fit(
        counts.fit_transform([review.text for review in train]), [review.truth for review in train]
    )
    score = model.score(counts.transform([review.text for review in test]), [review.truth for review in test])
    assert score < 0.8


def test_the_same_name_is_different_things() -> None:
    kinds = defaultdict(set)
    for sentence in entities.news("test"):
        for word, tag in zip(sentence.text.split(), sentence.truth, strict=True):
            if tag.startswith("B-"):
                kinds[word].add(tag)
    assert sum(len(found) > 1 for found in kinds.values()) > 100


def test_tags_are_well_formed() -> None:
    for sentence in entities.news("test"):
        before = "O"
        for tag in sentence.truth:
            assert tag in entities.LABELS
            if tag.startswith("I-"):
                assert before[2:] == tag[2:]
            before = tag


def test_entity_scores_are_those_of_seqeval() -> None:
    from seqeval.metrics import f1_score, precision_score, recall_score

    task = discovery.load_tasks(ROOT)["named-entity-recognition"]
    truths = [list(sentence.truth) for sentence in entities.news("test")]
    random = np.random.default_rng(0)
    answers = [
        [str(random.choice(entities.LABELS)) if random.random() < 0.2 else tag for tag in tags] for tags in truths
    ]
    assert task.accuracy(answers, truths) == pytest.approx(f1_score(truths, answers), abs=1e-12)
    metrics = task.metrics(answers, truths)
    assert metrics["entity_precision"] == pytest.approx(precision_score(truths, answers), abs=1e-12)
    assert metrics["entity_recall"] == pytest.approx(recall_score(truths, answers), abs=1e-12)


def test_accuracy_is_quick_enough_to_be_resampled(name: str) -> None:
    task = discovery.load_tasks(ROOT)[name]
    truths = [sample.truth for sample in task.samples()]
    assert task.accuracy(truths, truths) == 1.0
    best = min(_seconds(task, truths) for _ in range(5))
    assert best < 0.005


def _seconds(task: Any, truths: Any) -> float:
    started = time.perf_counter()
    task.accuracy(truths, truths)
    return time.perf_counter() - started


def test_continuations_are_stated_in_the_prompt() -> None:
    for prompt in continuations.prompts("test"):
        if prompt.kind in ("counting", "calendar"):
            continue
        words = set(re.findall(r"\w+", prompt.text)) | {"and"}
        assert set(re.findall(r"\w+", prompt.truth)) <= words, prompt


def test_counts_are_right() -> None:
    for prompt in continuations.prompts("test"):
        numbers, answer = ([int(found) for found in re.findall(r"\d+", text)] for text in (prompt.text, prompt.truth))
        if prompt.kind == "counting":
            first, last, step, *told = numbers
            assert told[0] == first
            assert answer[-1] == last
            assert set(np.abs(np.diff(told + answer)).tolist()) == {step}


def test_a_continuation_may_go_on_after_its_end() -> None:
    task = discovery.load_tasks(ROOT)["text-generation"]
    assert task.accuracy(["Rome. And then", "Romeo", "12", "Rome"], ["Rome.", "Rome", "1", "Rome."]) == 0.25


@pytest.mark.parametrize(
    ("apart", "joined"),
    [
        ("le hôtel", "l'hôtel"),
        ("la clé de le oncle", "la clé de l'oncle"),
        ("la clé de le roi", "la clé du roi"),
        ("la clé de les reines", "la clé des reines"),
        ("je aime", "j'aime"),
        ("il ne a pas vu de arbre", "il n'a pas vu d'arbre"),
        ("est-ce que elle me aime", "est-ce qu'elle m'aime"),
        ("une île", "une île"),
    ],
)
def test_elision_and_contraction(apart: str, joined: str) -> None:
    assert translations.elide(apart) == joined


@pytest.mark.parametrize(
    ("adjective", "gender", "plural", "following", "form"),
    [
        ("beautiful", "m", False, "arbre", "bel"),
        ("beautiful", "m", False, "livre", "beau"),
        ("beautiful", "f", False, "île", "belle"),
        ("old", "m", True, "hôtels", "vieux"),
        ("royal", "m", True, "", "royaux"),
        ("expensive", "f", True, "", "chères"),
    ],
)
def test_agreement(adjective: str, gender: str, plural: bool, following: str, form: str) -> None:
    word = next(word for word in french.ADJECTIVES if word.english == adjective)
    assert translations.agree(word, gender, plural, following) == form


def test_verb_forms() -> None:
    verb = next(verb for verb in french.VERBS if verb.english == "receive")
    assert translations.predicate(verb, "present", 4, negated=True) == "ne reçoivent pas"
    assert translations.predicate(verb, "past", 1, negated=True) == "ne a pas reçu"
    assert translations.predicate(verb, "future", 2, negated=False) == "recevrons"
    assert translations.english_predicate(verb, "past", 1, negated=True) == "did not receive"


def test_no_french_sentence_keeps_what_must_be_elided() -> None:
    for pair in translations.pairs("test"):
        assert not re.search(r"\b([ldnjm]e|la|que) [aeiouéêîh]", pair.truth), pair.truth
        assert not re.search(r"\bde les?\b", pair.truth), pair.truth
