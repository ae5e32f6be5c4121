"""What samples show about answers, against blind answers to the same samples: better, no better, or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from suite.checks.accuracy import Answers, Score, judge, score
from suite.checks.significance import Finding
from suite.core.cell import Status
from suite.core.outcome import Outcome
from suite.task import Task, discovery
from suite.task.discovery import tasks_root

TASKS = discovery.load_tasks(tasks_root())
MOODS = TASKS["sentiment-analysis"]


def scored(truths: Sequence[Any], answers: Sequence[Any], task: Task = MOODS) -> Score:
    return score(task, answers, truths, seed=0)


def outcome(truths: Sequence[Any], answers: Sequence[Any], task: Task = MOODS) -> Outcome:
    return judge(scored(truths, answers, task), _answers(truths, answers), None, False, "eager")


def _answers(truths: Sequence[Any], answers: Sequence[Any]) -> Answers:
    return Answers(list(answers), list(truths), {}, [])


def with_errors(truths: Sequence[str], wrong: int) -> list[str]:
    """The truths, with the first so many turned round."""
    other = {"POSITIVE": "NEGATIVE", "NEGATIVE": "POSITIVE"}
    return [other[truth] if index < wrong else truth for index, truth in enumerate(truths)]


BALANCED = ["POSITIVE", "NEGATIVE"] * 60


@pytest.mark.parametrize(
    ("truths", "wrong"),
    [
        (BALANCED, 0),
        (BALANCED, 10),
        (BALANCED[:16], 0),
        (["POSITIVE"] * 100 + ["NEGATIVE"] * 20, 0),
    ],
)
def test_a_good_checkpoint_passes(truths: list[str], wrong: int) -> None:
    assert outcome(truths, with_errors(truths, wrong)).status is Status.PASSED


@pytest.mark.parametrize(
    "answers", [BALANCED[1:] + BALANCED[:1], ["POSITIVE"] * 120, ["POSITIVE", "NEGATIVE", "NEGATIVE", "POSITIVE"] * 30]
)
def test_one_that_is_no_better_than_blind_is_broken(answers: list[str]) -> None:
    result = outcome(BALANCED, answers)
    assert result.status is Status.FAILED
    assert "the checkpoint is broken" in result.reason
    assert "on 120 samples is not above the chance level of 0.5000" in result.reason
    assert "(p = " in result.reason


@pytest.mark.parametrize(
    ("truths", "wrong", "words"),
    [
        (["POSITIVE"] * 40, 0, "they have one truth"),
        (["POSITIVE"] * 40, 2, "they have one truth"),
        (BALANCED[:1], 0, "on 1 sample is not"),
        (BALANCED[:6], 0, "on 6 samples"),
        (BALANCED[:6], 3, "on 6 samples"),
        (BALANCED[:16], 3, "on 16 samples"),
        (["POSITIVE"] * 38 + ["NEGATIVE"] * 2, 0, "on 40 samples"),
        (["POSITIVE"] * 108 + ["NEGATIVE"] * 12, 4, "on 120 samples"),
    ],
)
def test_data_that_cannot_tell_accuses_nobody(truths: list[str], wrong: int, words: str) -> None:
    result = outcome(truths, with_errors(truths, wrong))
    assert result.status is Status.UNSTABLE, "measured, but it shows nothing"
    assert result.reason.startswith("the data cannot tell whether the checkpoint is any good")
    assert "broken" not in result.reason
    assert words in result.reason
    assert result.fields["accuracy"] == pytest.approx(1 - wrong / len(truths)), "the number stands"


def backend(truths: list[str], answers: list[str], reference: list[str]) -> Outcome:
    theirs = _answers(truths, reference), scored(truths, reference)
    return judge(scored(truths, answers), _answers(truths, answers), theirs, False, "int8")


def test_what_a_backend_loses_is_the_backends() -> None:
    for answers in (["POSITIVE"] * 120, with_errors(BALANCED, 60), with_errors(BALANCED, 15)):
        result = backend(BALANCED, answers, with_errors(BALANCED, 5))
        assert result.status is Status.FAILED
        assert result.reason.startswith("of int8: it keeps ")
        assert "checkpoint" not in result.reason


def test_a_backend_that_keeps_everything_is_as_good_as_the_checkpoint() -> None:
    assert backend(BALANCED, BALANCED, BALANCED).status is Status.PASSED
    broken = backend(BALANCED, ["POSITIVE"] * 120, ["POSITIVE"] * 120)
    assert (broken.status, "the checkpoint is broken" in broken.reason) == (Status.FAILED, True)
    unclear = backend(["POSITIVE"] * 40, ["POSITIVE"] * 40, ["POSITIVE"] * 40)
    assert (unclear.status, "broken" in unclear.reason) == (Status.UNSTABLE, False)
    # Luck may leave a backend, which lost one answer of few, just below the line that its reference is above.
    assert backend(BALANCED[:16], with_errors(BALANCED[:16], 1), BALANCED[:16]).status is Status.PASSED


def test_a_score_of_all_samples_together_is_judged_too() -> None:
    similarity = TASKS["sentence-similarity"]
    truths = [float(number) for number in range(40)]
    assert outcome(truths, truths, similarity).status is Status.PASSED
    shuffled = np.random.default_rng(0).permutation(truths).tolist()
    assert outcome(truths, shuffled, similarity).status is Status.FAILED
    assert outcome(truths[:4], truths[:4], similarity).status is Status.UNSTABLE


def test_a_guess_among_labels_is_no_answer_to_write_down() -> None:
    retrieval = TASKS["image-text-retrieval"]
    assert retrieval.blind_answers(["a", "b"]) is None
    truths = [f"caption {number}" for number in range(40)]
    assert outcome(truths, truths, retrieval).status is Status.PASSED
    wrong = [*truths[:10], *truths[11:], "caption 10"]
    assert scored(truths, wrong, retrieval).evidence.finding is Finding.NO_BETTER


@pytest.mark.parametrize("accuracy", [float("nan"), 1.5, -0.1])
def test_an_accuracy_is_a_number_from_0_to_1(accuracy: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(MOODS), "accuracy", lambda *_: accuracy)
    with pytest.raises(ValueError, match="a number from 0 to 1 was promised"):
        scored(BALANCED, BALANCED)


@pytest.mark.parametrize(
    ("name", "truth", "answers"),
    [
        ("named-entity-recognition", ["O", "O"], [["O", "O"], ["B-PER", "O"]]),
        ("object-detection", [], [[], [("cat", 0.9, [1.0, 2.0, 3.0, 4.0])]]),
    ],
)
def test_where_there_is_nothing_to_find_nobody_is_accused(name: str, truth: Any, answers: list[Any]) -> None:
    for answer in answers:
        result = outcome([truth] * 60, [answer] * 60, TASKS[name])
        assert result.status is Status.UNSTABLE
        assert "they have one truth" in result.reason
