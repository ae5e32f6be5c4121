"""The world of articles: what a summary says is what the text says last, and its frozen test split."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

import pytest

from suite.task import discovery

ROOT = discovery.tasks_root()
articles = discovery.load_module(ROOT, "worlds.articles")
grammar = discovery.load_module(ROOT, "worlds.grammar")
FROZEN = "9bdded3550ab5844a1a8faccd7ad13d78b8bc91499b59a49c23176292644aa42"
SUMMARY = re.compile(r"The (\w+) (\w+ \w+) (\w+) a (\w+) in (\w+) on (\w+)\.")


@pytest.fixture(scope="module")
def test_split() -> Any:
    return articles.articles("test")


READINGS = {
    "name": (
        r"but the (?P<trade>\w+) (?P<name>\w+ \w+)\.",
        r"by the (?P<trade>\w+) (?P<name>\w+ \w+)\.",
        r"^(?P<name>\w+ \w+), a (?P<trade>\w+)",
    ),
    "thing": (
        r"What we called a \w+ is a (?P<thing>\w+)\.",
        r"^A (?P<thing>\w+) was",
        r"^\w+ \w+(?:, a [\w ]+,)? \w+ a (?P<thing>\w+)\.",
    ),
    "verb": (r"^A \w+ was (?P<verb>\w+) by", r"^\w+ \w+(?:, a [\w ]+,)? (?P<verb>\w+) a \w+\."),
    "town": (
        r"but it is in (?P<town>\w+)\.",
        r"went to (?P<town>\w+) ",
        r"did it in (?P<town>\w+), not",
        r"was in (?P<town>\w+) for",
        r"The \w+ is in (?P<town>\w+)\.",
    ),
    "day": (
        r"did it on (?P<day>\w+)\.",
        r"did so on (?P<day>\w+)\.",
        r"chose (?P<day>\w+) for",
        r"on (?P<day>\w+), not on",
    ),
}
"""What is read first is what stands: a correction before what it corrects."""


def read(text: str) -> tuple[str, ...]:
    """The trade, name, verb, thing, town and day that an article leaves standing."""
    sentences = [sentence.strip() for sentence in re.findall(r"[^.]+\.", text)]
    told = " ".join(sentence for sentence in sentences if not sentence.startswith(articles.ASIDES))
    found: dict[str, str] = {}
    for patterns in READINGS.values():
        found |= next(match for pattern in patterns if (match := re.search(pattern, told))).groupdict()
    return tuple(found[key] for key in ("trade", "name", "verb", "thing", "town", "day"))


def test_the_test_split_is_frozen(test_split: Any) -> None:
    content = json.dumps([[example.text, example.truth] for example in test_split], ensure_ascii=False)
    assert hashlib.sha256(content.encode()).hexdigest() == FROZEN
    assert len(test_split) == len({example.text for example in test_split}) == 600


def test_splits_share_no_combination(test_split: Any) -> None:
    trained = {combination for example in articles.articles("train", 3000) for combination in example.combinations}
    for example in test_split:
        assert trained.isdisjoint(example.combinations)
        assert {grammar.split_of(*combination) for combination in example.combinations} == {"test"}


def test_a_reader_finds_what_the_summary_says(test_split: Any) -> None:
    for example in test_split:
        summary = SUMMARY.fullmatch(example.truth)
        assert summary
        assert read(example.text) == summary.groups(), example


def test_articles_are_short_and_often_corrected(test_split: Any) -> None:
    assert all(4 <= example.text.count(".") <= 7 for example in test_split)
    corrected = sum(example.kind == "corrected" for example in test_split)
    assert 200 < corrected < 400


def test_the_last_name_or_town_alone_does_not_tell(test_split: Any) -> None:
    named = [(re.findall("|".join(articles.TOWNS), one.text), one.truth) for one in test_split]
    for place in (0, -1):
        assert sum(f" in {towns[place]} on" in truth for towns, truth in named) < 450


def test_the_task_shows_the_frozen_split_and_scores_it(test_split: Any) -> None:
    task = discovery.load_tasks(ROOT)["summarization"]
    samples = task.samples()
    assert [(one.input, one.truth) for one in samples] == [(one.text, one.truth) for one in test_split]
    truths = [sample.truth for sample in samples]
    assert task.accuracy(truths, truths) == 1.0
    assert 0.3 < task.chance(truths) < 0.7
    wrong = [truth.replace(" on ", " before ") for truth in truths]
    assert task.accuracy(wrong, truths) == pytest.approx(10 / 11)
    assert task.metrics(wrong, truths)["exact_match"] == 0
