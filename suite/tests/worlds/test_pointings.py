"""Points on shapes: a frozen test split, and masks that are what is pointed at."""

from __future__ import annotations

import hashlib
import json
import time
from typing import Any

import numpy as np
import pytest

from suite.task import discovery

ROOT = discovery.tasks_root()
grammar = discovery.load_module(ROOT, "worlds.grammar")
pointings = discovery.load_module(ROOT, "worlds.pointings")
FROZEN = "a27e89b882f34f60c2f6e8256d02b92d8f1eb588b142eed0602ebfb148d1219a"


@pytest.fixture(scope="module")
def pointed() -> Any:
    return pointings.pointings("test")


@pytest.fixture(scope="module")
def task() -> Any:
    return discovery.load_tasks(ROOT)["image-segmentation"]


def test_the_test_split_is_frozen(pointed: Any) -> None:
    digest = hashlib.sha256(json.dumps([[each.point, pointings.runs(each.mask)] for each in pointed]).encode())
    for each in pointed[:20]:
        digest.update(each.image.tobytes())
    assert digest.hexdigest() == FROZEN


def test_the_task_shows_the_frozen_split(pointed: Any, task: Any) -> None:
    samples = task.samples()
    assert [sample.input["point"] for sample in samples] == [each.point for each in pointed]
    assert len({sample.id for sample in samples}) == len(samples) == 300


def test_splits_share_no_thing(pointed: Any) -> None:
    for split, found in (("test", pointed), ("train", pointings.pointings("train", 300))):
        for each in found:
            assert {grammar.split_of(*thing.combination) for thing in each.scene.things} == {split}


def test_the_point_lies_on_the_thing_and_on_no_other(pointed: Any) -> None:
    for each in pointed:
        x, y = each.point
        assert each.mask[y, x]
        assert each.scene.masks[:, y, x].sum() == 1


def test_masks_survive_being_written_down(pointed: Any) -> None:
    corner = np.zeros((3, 5), bool)
    corner[0, 0] = True
    for mask in (corner, ~corner, np.zeros((4, 2), bool), np.ones((2, 4), bool), *(each.mask for each in pointed[:30])):
        told = pointings.runs(mask)
        assert sum(told["counts"]) == mask.size
        assert np.array_equal(pointings.pixels(told), mask)


def test_overlaps_are_those_of_the_pixels(pointed: Any, task: Any) -> None:
    random = np.random.default_rng(0)
    truths, answers, expected = [], [], []
    for each in pointed[:40]:
        other = each.mask ^ (random.random(each.mask.shape) < 0.05)
        truths.append(pointings.runs(each.mask))
        answers.append(pointings.runs(other) | {"score": 0.5})
        expected.append((other & each.mask).sum() / (other | each.mask).sum())
    assert task.accuracy(answers, truths) == pytest.approx(np.mean(expected))
    metrics = task.metrics(answers, truths)
    assert metrics["iou_above_half"] == np.mean(np.asarray(expected) > 0.5)
    assert metrics["iou_prediction_error"] == pytest.approx(np.mean(np.abs(np.asarray(expected) - 0.5)))


def test_scoring_is_quick_and_perfect_answers_score_one(task: Any) -> None:
    truths = [sample.truth for sample in task.samples()]
    started = time.thread_time()
    assert task.accuracy(truths, truths) == 1.0
    assert time.thread_time() - started < 10
    assert 0.0 < task.chance(truths) < 0.1


def test_a_point_that_is_none_is_refused(task: Any) -> None:
    from suite.core.errors import InvalidInput

    for what, bad in task.bad_inputs(None, None).items():
        with pytest.raises(InvalidInput) as refusal:
            task.check_input(bad, None, None)
        assert len(str(refusal.value).split()) > 5, what
