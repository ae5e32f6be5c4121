"""Disagreements, confusions and slices, with known truth."""

from __future__ import annotations

from suite.analysis.answers_compared import (
    MOST_LABELS,
    OTHERS,
    confusions,
    disagreements,
    slices,
)
from suite.tests.support import answer_sheets as made

ASKED = made.questions(12, [["long"] if place < 4 else ["short", "odd"] if place % 2 else [] for place in range(12)])


def test_only_samples_with_different_answers_are_shown() -> None:
    one, two, three = made.sheet(ASKED, [0, 5]), made.sheet(ASKED, [5]), made.sheet(ASKED)
    found = disagreements({"one": one, "two": two, "three": three})
    assert [case.sample for case in found] == ["s0", "s5"]
    assert {given.models: (given.answer, given.score) for given in found[1].answers} == {
        ("one", "two"): ("cat", 0.0), ("three",): ("owl", 1.0),
    }  # fmt: skip
    assert found[0].slices == ("long",)
    assert disagreements({"one": one, "again": one}) == []


def test_those_whose_scores_lie_furthest_apart_come_first() -> None:
    near = made.sheet(ASKED, answers=[f"a{place}" for place in range(12)], scores=[0.5] * 11 + [1.0])
    far = made.sheet(ASKED, answers=[f"b{place}" for place in range(12)], scores=[0.6] * 11 + [0.0])
    assert disagreements({"near": near, "far": far})[0].sample == "s11"


def test_without_scores_the_answers_alone_differ() -> None:
    one = made.sheet(ASKED, [3], scores=None)
    two = made.sheet(ASKED, scores=None)
    (case,) = disagreements({"one": one, "two": two})
    assert (case.sample, case.spread) == ("s3", 0.0)


def test_labels_that_are_confused() -> None:
    model, other = made.sheet(ASKED, [0, 3, 1], answer="owl"), made.sheet(ASKED)
    first, second = confusions({"model": model, "other": other})
    assert first.labels == second.labels == ("cat", "dog", "owl")
    assert first.counts.tolist() == [[2, 0, 2], [0, 3, 1], [0, 0, 4]]
    assert first.most == (("cat", "owl", 2), ("dog", "owl", 1))
    assert second.counts.tolist() == [[4, 0, 0], [0, 4, 0], [0, 0, 4]]


def test_a_label_that_is_only_answered_has_a_column() -> None:
    (found,) = confusions({"model": made.sheet(ASKED, [0], answer="newt")})
    assert found.labels == ("cat", "dog", "owl", "newt")
    assert found.counts[0].tolist() == [3, 0, 0, 1]


def test_many_labels_are_put_together() -> None:
    asked = made.questions(60)
    asked.truths[:] = [f"label {place % 30}" for place in range(60)]
    (found,) = confusions({"model": made.sheet(asked, [29], answer="label 28")})
    assert len(found.labels) == MOST_LABELS
    assert found.labels[-1] == OTHERS
    assert found.counts.sum() == 60
    assert found.most == (("label 29", "label 28", 1),)


def test_free_answers_have_no_confusion() -> None:
    assert confusions({"model": made.sheet(ASKED, [0], one_label=False)}) == []


def test_accuracy_by_slice() -> None:
    found = slices({"a": made.sheet(ASKED, [0]), "b": made.sheet(ASKED, [5, 7])})
    assert [(one.name, one.samples) for one in found] == [("long", 4), ("short", 4), ("odd", 4)]
    a, b = found[0].models
    assert a is not None
    assert b is not None
    assert (a.accuracy, b.accuracy) == (0.75, 1.0)
    assert a.low < 0.5 < a.high
    assert slices({"a": made.sheet(made.questions(3))}) == []


def test_a_slice_of_scores_that_belong_together_has_no_interval() -> None:
    (one, *_) = slices({"a": made.sheet(ASKED, scores=None)})
    assert one.models[0] is not None
    assert one.models[0].low != one.models[0].low
