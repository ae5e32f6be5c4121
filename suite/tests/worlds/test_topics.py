"""Messages and candidate labels: a frozen test split of unseen pairs, and one label that holds."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from suite.core.errors import CheckpointError, InvalidInput
from suite.task import Batch, discovery

ROOT = discovery.tasks_root()
topics = discovery.load_module(ROOT, "worlds.topics")
grammar = discovery.load_module(ROOT, "worlds.grammar")
TASK = discovery.load_tasks(ROOT)["zero-shot-classification"]
NLI = SimpleNamespace(id2label={0: "CONTRADICTION", 1: "NEUTRAL", 2: "ENTAILMENT"}, max_position_embeddings=12)

FROZEN = "abf70bfd51991c02bd1213312784aca0dd001bf3f5a3ce6d3bca6193b6a584af"
"""A change here changes what the miniature was trained against: it must then be built again."""


@pytest.fixture(scope="module")
def trained() -> list[Any]:
    return list(topics.pairs("train", 4000))


def test_the_test_split_is_frozen() -> None:
    content = json.dumps([[sample.input, sample.truth] for sample in TASK.samples()], ensure_ascii=False)
    assert hashlib.sha256(content.encode()).hexdigest() == FROZEN


def test_splits_share_no_pair_of_label_and_word(trained: list[Any]) -> None:
    test = topics.choices("test")
    assert len({example.text for example in test}) == grammar.TEST_SIZE
    for split, examples in (("test", test), ("train", trained)):
        for example in examples:
            assert {grammar.split_of(*combination) for combination in example.combinations} == {split}
    seen = {combination for example in trained for combination in example.combinations}
    assert all(combination not in seen for example in test for combination in example.combinations)


def test_every_candidate_is_held_against_an_unseen_word() -> None:
    for example in topics.choices("test"):
        labels = example.text.split(topics.SEPARATOR)[1].split(topics.BETWEEN)
        assert {label for _, label, _ in example.combinations} == set(labels)
        assert len(labels) == len(set(labels)) >= 3


def test_one_candidate_holds() -> None:
    """What holds of a message is read off its words here, in another way than it was made."""
    words = {word: labels for labels, found in topics.TOPICS.items() for word in found}
    for example in topics.choices("test"):
        text, joined = example.text.split(topics.SEPARATOR)
        holding = {labels for labels, ways in topics.MOODS.items() if any(way[1:] in text for way in ways)}
        holding |= {labels for labels, ways in topics.ACTS.items() if any(_says(text, way) for way in ways)}
        (cue,) = {word for _, _, word in example.combinations}
        holding.add(words[cue])
        found = [label for label in joined.split(topics.BETWEEN) if any(label in labels for labels in holding)]
        assert found == [example.truth], example


def _says(text: str, way: str) -> bool:
    pattern = re.escape(way).replace("X", ".+").replace("was", "(was|were)").replace("has", "(has|have)")
    return re.search(pattern, text, re.IGNORECASE) is not None


def test_all_verdicts_are_trained_on(trained: list[Any]) -> None:
    verdicts = Counter(example.truth for example in trained)
    assert set(verdicts) == {topics.ENTAILED, topics.NEUTRAL, topics.CONTRADICTED}
    assert min(verdicts.values()) > 300
    labels = {example.text.split(topics.SEPARATOR)[1] for example in trained}
    assert labels == set(topics.LABELS)


def test_a_label_without_the_message_says_nothing(trained: list[Any]) -> None:
    entailed = Counter(e.text.split(topics.SEPARATOR)[1] for e in trained if e.truth == topics.ENTAILED)
    every = Counter(example.text.split(topics.SEPARATOR)[1] for example in trained)
    assert max(entailed[label] / every[label] for label in every if every[label] > 50) < 0.75


def test_rows_are_gathered_by_input() -> None:
    import torch

    batch = Batch({}, [("sport", "music"), ("law", "food", "angry")])
    logits = torch.tensor([[0.0, 0, 1], [0, 0, 2], [0, 0, 3], [0, 0, 1], [9, 0, 2]])
    outputs = SimpleNamespace(logits=logits)
    assert TASK.decode(outputs, batch, None, NLI) == ["music", "law"]
    first, second = TASK.numbers(outputs, batch)
    assert np.array_equal(first, [[0, 0], [0, 0], [1, 2]])
    assert second.shape == (3, 3)


def test_a_checkpoint_must_know_what_follows() -> None:
    TASK.check_config(NLI)
    with pytest.raises(CheckpointError, match="natural-language inference"):
        TASK.check_config(SimpleNamespace(id2label={0: "NEGATIVE", 1: "POSITIVE"}))


def test_text_and_label_are_measured_together() -> None:
    def processor(*texts: str) -> dict[str, list[int]]:
        return {"input_ids": [0] * len(" ".join(texts).split())}

    TASK.check_input({"text": "a b c d e f", "candidate_labels": ["g h i"]}, processor, NLI)
    with pytest.raises(InvalidInput, match="shorten the text"):
        TASK.check_input({"text": "a b c d e f g", "candidate_labels": ["h", "h i j"]}, processor, NLI)


def test_a_truth_is_one_of_the_candidates() -> None:
    value = {"text": "a", "candidate_labels": ["b", "c"]}
    assert TASK.from_json({"input": value, "truth": "c"}, 1, ROOT).truth == "c"
    with pytest.raises(ValueError, match="not one of the candidate labels"):
        TASK.from_json({"input": value, "truth": "d"}, 1, ROOT)


def test_words_that_are_mentioned_together_are_of_one_topic_and_beside_no_label() -> None:
    topic_of = {word: labels for labels, words in topics.TOPICS.items() for word in words}
    for mention in topics.mentions(200):
        named = [word.removeprefix("the ") for word in mention.split(", ")]
        assert len({topic_of[word] for word in named}) == 1
        assert not set(named) & set(topics.LABELS)
