"""What is to be found in pictures of shapes: a frozen test split, and boxes that are where the truth says."""

from __future__ import annotations

import hashlib
import json
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from suite.core.errors import CheckpointError, UsageError
from suite.task import discovery

ROOT = discovery.tasks_root()
grammar = discovery.load_module(ROOT, "worlds.grammar")
coco = discovery.load_module(ROOT, "worlds.coco")
detections = discovery.load_module(ROOT, "worlds.detections")
FROZEN = "a012e16a366f0295e1a27442d3b9cd049e91f32d458a8b3cc971c80ac5a56922"


@pytest.fixture(scope="module")
def found() -> Any:
    return detections.detections("test")


@pytest.fixture(scope="module")
def task() -> Any:
    return discovery.load_tasks(ROOT)["object-detection"]


def test_the_test_split_is_frozen(found: Any) -> None:
    digest = hashlib.sha256(json.dumps([each.truth for each in found]).encode())
    for each in found[:20]:
        digest.update(each.image.tobytes())
    assert digest.hexdigest() == FROZEN


def test_the_task_shows_the_frozen_split(found: Any, task: Any) -> None:
    samples = task.samples()
    assert [sample.truth for sample in samples] == [each.truth for each in found]
    assert len({sample.id for sample in samples}) == len(samples) == 200


def test_splits_share_no_thing(found: Any) -> None:
    for split, scenes in (("test", found), ("train", detections.detections("train", 300))):
        for each in scenes:
            assert {grammar.split_of(*thing.combination) for thing in each.scene.things} == {split}


def test_a_box_holds_its_thing_and_nothing_is_left_outside(found: Any) -> None:
    for each in found[:40]:
        covered = np.zeros((detections.SIDE, detections.SIDE), bool)
        for (label, (left, top, right, bottom)), thing, mask in zip(
            each.truth, each.scene.things, each.scene.masks, strict=True
        ):
            rows, columns = np.nonzero(mask)
            assert label == thing.shape
            assert (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1) == (left, top, right, bottom)
            covered[int(top) : int(bottom), int(left) : int(right)] = True
        assert not (each.scene.masks.any(axis=0) & ~covered).any()


def test_perfect_answers_score_one_and_wrong_ones_do_not(found: Any, task: Any) -> None:
    truths = [each.truth for each in found[:50]]
    perfect = [[(label, 0.9, box) for label, box in truth] for truth in truths]
    assert task.accuracy(perfect, truths) == pytest.approx(1.0)
    shifted = [[(label, score, [edge + 2 for edge in box]) for label, score, box in one] for one in perfect]
    assert 0.2 < task.accuracy(shifted, truths) < 0.8
    misnamed = [[("ring" if label != "ring" else "star", score, box) for label, score, box in one] for one in perfect]
    assert task.accuracy(misnamed, truths) == 0.0
    assert task.accuracy([[] for _ in truths], truths) == 0.0


def test_what_is_found_beside_the_things_costs_precision(found: Any, task: Any) -> None:
    truths = [each.truth for each in found[:50]]
    answers = [[(label, 0.9, box) for label, box in truth] + [("star", 0.95, [0, 0, 8, 8])] for truth in truths]
    assert 0.5 < task.metrics(answers, truths)["ap50"] < 0.95


def test_scoring_prints_nothing(found: Any, task: Any, capsys: Any) -> None:
    truths = [each.truth for each in found[:5]]
    task.accuracy([[(label, 0.9, box) for label, box in truth] for truth in truths], truths)
    assert capsys.readouterr().out == ""


def test_truths_of_ones_own_are_checked(task: Any) -> None:
    config = SimpleNamespace(id2label=dict(enumerate(task.labels)))
    assert task.own_truth([["Star", [1, 2, 3, 4]]], config) == [("star", [1.0, 2.0, 3.0, 4.0])]
    for wrong in ([["car", [1, 2, 3, 4]]], [["star", [3, 2, 1, 4]]], [["star", [1, 2, 3]]], ["star"], "star"):
        with pytest.raises(UsageError):
            task.own_truth(wrong, config)


def test_a_checkpoint_must_know_the_things(task: Any) -> None:
    task.check_config(SimpleNamespace(id2label=dict(enumerate(task.labels))))
    task.check_config(SimpleNamespace(id2label=dict(enumerate(("N/A", *coco.NAMES)))))
    with pytest.raises(CheckpointError):
        task.check_config(SimpleNamespace(id2label={0: "star", 1: "cat"}))
