"""Chats and conversations: frozen test splits, replies that follow from what was said, rules that are kept."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from suite.core.errors import CheckpointError, InvalidInput
from suite.task import discovery

ROOT = discovery.tasks_root()
grammar = discovery.load_module(ROOT, "worlds.grammar")
smalltalk = discovery.load_module(ROOT, "worlds.smalltalk")
chats = discovery.load_module(ROOT, "worlds.chats")
conversations = discovery.load_module(ROOT, "worlds.conversations")

WORLDS = {"chat": chats.chats, "conversation": conversations.conversations}
FROZEN = {
    "chat": "3da2b0e09f7aec59ea079c117098166cd6d16c9066874765b5a44b5430b445f6",
    "conversation": "6f952425a26a5b424845e48605c99650e4d822996c057d63d3d96c3b94b22fda",
}
"""A change here changes what the miniatures were trained against: they must then be built again."""


@pytest.fixture(scope="module", params=WORLDS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def test_split(name: str) -> Any:
    return WORLDS[name]("test")


def test_the_test_split_is_frozen(name: str, test_split: Any) -> None:
    content = json.dumps([[example.text, example.truth] for example in test_split], ensure_ascii=False)
    assert hashlib.sha256(content.encode()).hexdigest() == FROZEN[name]
    assert len({example.text for example in test_split}) == 600


def test_splits_share_no_combination(name: str, test_split: Any) -> None:
    trained = {combination for example in WORLDS[name]("train", 2000) for combination in example.combinations}
    held_out = {combination for example in test_split for combination in example.combinations}
    assert held_out
    assert not held_out & trained
    assert {grammar.split_of(*combination) for combination in held_out} == {"test"}


def test_the_task_shows_the_frozen_split(name: str, test_split: Any) -> None:
    task = discovery.load_tasks(ROOT)[name]
    samples = task.samples()
    texts = [json.dumps(sample.input, ensure_ascii=False) for sample in samples]
    assert texts == [example.text for example in test_split]
    assert [task.describe_answer(sample.truth) for sample in samples] == [example.truth for example in test_split]
    assert len({sample.id for sample in samples}) == len(samples)
    assert task.accuracy([example.truth for example in test_split], [sample.truth for sample in samples]) == 1.0


def test_every_reply_keeps_its_rule_and_few_keep_another() -> None:
    examples = chats.chats("test")
    assert all(chats.obeys(chats.rule(example), example.truth) for example in examples)
    ruled = [example for example in examples if chats.rule(example).partition(":")[0] in ("capitals", "word", "french")]
    plain = [example for example in examples if chats.rule(example) == chats.NO_RULE]
    assert len(ruled) > 100 < len(plain)
    assert not any(chats.obeys(chats.rule(ruled[0]), example.truth) for example in plain)


@pytest.mark.parametrize(
    ("rule", "kept", "broken"),
    [
        ("capitals", "YOU LIVE IN ROME.", "You live in Rome."),
        ("word", "Rome", "In Rome."),
        ("french", "Vous habitez à Rome.", "You live in Rome."),
        ("begin:Sir", "Sir, you live in Rome.", "You live in Rome, Sir."),
        ("end:Bye", "You live in Rome. Bye.", "Bye. You live in Rome."),
        ("avoid:pet", "I may not speak of animals.", "Your dog is called Rex."),
    ],
)
def test_rules(rule: str, kept: str, broken: str) -> None:
    assert chats.obeys(rule, kept)
    assert not chats.obeys(rule, broken)
    assert not chats.obeys(rule, "")


def test_the_share_that_obeys_counts_ruled_chats_alone() -> None:
    task = discovery.load_tasks(ROOT)["chat"]
    truths = [
        {"reply": "Rome", "rule": "word"},
        {"reply": "OSLO.", "rule": "capitals"},
        {"reply": "No.", "rule": "none"},
    ]
    assert task.metrics(["Paris", "oslo.", ""], truths) == {"obeys_system": 0.5}
    assert task.metrics(["Paris"], ["the user's own"]) == {}
    assert task.accuracy(["Rome", "oslo.", "No."], truths) == pytest.approx(2 / 3)


def test_replies_follow_from_what_was_said(test_split: Any) -> None:
    """Every value in a reply was said before, and never by the bot first."""
    for example in test_split:
        said = json.loads(example.text)
        spoken = " ".join(turn if isinstance(turn, str) else turn["content"] for turn in said).lower()
        values = {value.lower() for values in smalltalk.VALUES.values() for value in values}
        named = values & set(example.truth.lower().replace(".", "").replace(",", "").split())
        assert all(value in spoken for value in named), example


def test_a_fact_that_changed_is_answered_as_it_is_now() -> None:
    moved = [example for example in conversations.conversations("test") if example.kind == "moved"]
    assert moved
    for example in moved:
        new = conversations.turns(example)[-2].split()[-1].rstrip("?")
        assert example.truth == f"You live in {new}."


class _Template:
    chat_template = None


def test_a_tokenizer_without_a_template_is_refused_in_a_sentence() -> None:
    task = discovery.load_tasks(ROOT)["chat"]
    with pytest.raises(CheckpointError, match="no chat template"):
        task.check_input([{"role": "user", "content": "Hello!"}], _Template(), None)


@pytest.mark.parametrize("bad", [17, [], ["a", 3], ["a", " ", "b"], " "])
def test_what_is_no_conversation_is_refused(bad: Any) -> None:
    task = discovery.load_tasks(ROOT)["conversation"]
    with pytest.raises(InvalidInput):
        task.check_input(bad, lambda text: {"input_ids": text.split()}, None)
