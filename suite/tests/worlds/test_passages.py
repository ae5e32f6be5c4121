"""Passages and questions: a frozen test split, and answers that stand in the passage, once."""

from __future__ import annotations

import hashlib
import json
import re
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from suite.core.errors import InvalidInput, UsageError
from suite.task import Batch, discovery

ROOT = discovery.tasks_root()
passages = discovery.load_module(ROOT, "worlds.passages")
grammar = discovery.load_module(ROOT, "worlds.grammar")
TASK = discovery.load_tasks(ROOT)["question-answering"]

FROZEN = "6dbdeac961c8b0dfbd4ba71ac8ae0deed6c8633971b5cab0eab8282af197a347"
"""A change here changes what the miniature was trained against: it must then be built again."""


@pytest.fixture(scope="module")
def trained() -> list[Any]:
    return list(passages.passages("train", 3000))


def test_the_test_split_is_frozen() -> None:
    content = json.dumps([[sample.input, sample.truth] for sample in TASK.samples()], ensure_ascii=False)
    assert hashlib.sha256(content.encode()).hexdigest() == FROZEN


def test_splits_share_nothing(trained: list[Any]) -> None:
    test = passages.passages("test")
    assert len({example.text for example in test}) == grammar.TEST_SIZE
    assert not {example.text for example in test} & {example.text for example in trained}
    for split, examples in (("test", test), ("train", trained)):
        for example in examples:
            assert {grammar.split_of(*combination) for combination in example.combinations} == {split}


def test_an_answer_stands_in_its_passage_once(trained: list[Any]) -> None:
    for example in [*trained, *passages.passages("test")]:
        question, context = example.text.split(passages.SEPARATOR)
        assert len(re.findall(rf"\b{re.escape(example.truth)}\b", context)) == 1, example
        assert not re.search(rf"\b{re.escape(example.truth)}\b", question), example


def test_the_fact_that_is_asked_for_holds_the_answer() -> None:
    supported = passages.supported("train", 300)
    assert [(example.text, example.truth[0]) for example in supported] == [
        (example.text, example.truth) for example in passages.passages("train", 300)
    ]
    longer = 0
    for example in supported:
        context = example.text.split(passages.SEPARATOR)[1]
        answer, fact = example.truth
        assert context.count(fact) == 1
        assert answer in fact
        longer += context != fact
    assert longer > 200


def test_facts_are_about_different_things(trained: list[Any]) -> None:
    for example in trained:
        context = example.text.split(passages.SEPARATOR)[1].replace("alarm clock", "alarm")
        for names in (passages.WOMEN + passages.MEN, passages.THINGS, passages.CITIES):
            found = [word for word in re.findall(r"\w+", context) if word in names]
            twice = {word for word in found if found.count(word) > 1}
            assert not twice, (context, twice)


def test_who_gave_and_who_got(trained: list[Any]) -> None:
    checked = 0
    for example in trained:
        question, context = example.text.split(passages.SEPARATOR)
        got = re.match(r"Who got the (\w+)\?", question)
        told = got and re.search(rf"([A-Z][\w ]+) was given an? \w+ {got[1]} by", context)
        if told:
            assert example.truth == told[1].split(". ")[-1]
            checked += 1
    assert checked > 5


def test_scores_are_those_of_torchmetrics() -> None:
    from torchmetrics.text import SQuAD

    answers = ["the red kite", "Anna", "in Oslo on Monday", "40 metres"]
    truths = ["a red kite", ["Ann", "Bob Anna"], "Oslo", "41 metres"]
    whole = SQuAD()
    for index, (answer, truth) in enumerate(zip(answers, truths, strict=True)):
        texts = [truth] if isinstance(truth, str) else list(truth)
        target: Any = {"answers": {"text": texts, "answer_start": [0] * len(texts)}, "id": str(index)}
        whole.update([{"prediction_text": answer, "id": str(index)}], [target])
    expected = whole.compute()
    assert TASK.accuracy(answers, truths) == pytest.approx(float(expected["f1"]) / 100)
    assert TASK.metrics(answers, truths)["exact_match"] == pytest.approx(float(expected["exact_match"]) / 100)


def test_the_best_span_ends_after_it_begins_and_stays_in_the_context() -> None:
    import torch

    context = "Anna is old."
    batch = Batch({}, [(context, [2, 3, 4, 5], [(0, 4), (5, 7), (8, 11), (11, 12)])])
    begins = torch.tensor([[9.0, 0, 0, 1, 5, 0]])
    ends = torch.tensor([[9.0, 0, 6, 3, 4, 0]])
    outputs = SimpleNamespace(start_logits=begins, end_logits=ends)
    assert TASK.decode(outputs, batch, None, None) == ["old"]
    (numbers,) = TASK.numbers(outputs, batch)
    assert np.array_equal(numbers, [[0, 1, 5, 0], [6, 3, 4, 0]])


def test_question_and_context_are_measured_together() -> None:
    def processor(*texts: str) -> dict[str, list[int]]:
        return {"input_ids": [0] * len(" ".join(texts).split())}

    config = SimpleNamespace(max_position_embeddings=8)
    TASK.check_input({"question": "a b c", "context": "d e f g h"}, processor, config)
    with pytest.raises(InvalidInput, match="shorten the context"):
        TASK.check_input({"question": "a b c", "context": "d e f g h i"}, processor, config)


def test_own_answers() -> None:
    assert TASK.own_truth(["one", "two"], None) == ["one", "two"]
    with pytest.raises(UsageError):
        TASK.own_truth(3, None)
