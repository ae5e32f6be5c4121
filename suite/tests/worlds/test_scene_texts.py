"""Captions and questions about scenes of shapes: frozen test splits, and truths that are read off the picture again."""

from __future__ import annotations

import hashlib
import json
import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from suite.task import discovery
from suite.task.vision import ImageTask

ROOT = discovery.tasks_root()
shapes = discovery.load_module(ROOT, "worlds.shapes")
scene_texts = discovery.load_module(ROOT, "worlds.scene_texts")
portraits = discovery.load_module(ROOT, "worlds.portraits")
grammar = discovery.load_module(ROOT, "worlds.grammar")

WORLDS = {
    "image-captioning": scene_texts.captioned,
    "image-text-retrieval": scene_texts.confusable,
    "visual-question-answering": scene_texts.questioned,
}
FROZEN = {
    "image-captioning": "a6e31be8800615fcdb139fbb6a7ef06da77aec1f15ca5df7a4c82406d261e3a5",
    "image-text-retrieval": "678e37ee2beea57833c389a2a5893f833b19ccac8e60b4e34dc1d9963d39a95b",
    "visual-question-answering": "841ec0811b481844ad2306be36157c9b3c4fb03555021292217087507bbc396a",
}
FROZEN_PORTRAITS = "5c2169e6a29a01870be8e4ae02e8428428d67c8277fa402b315e7c2b44c2a5ae"
"""A change here changes what the miniatures of these tasks were trained against: they must then be built again."""


@pytest.fixture(scope="module", params=WORLDS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def test_split(name: str) -> Any:
    return WORLDS[name]("test")


def thing(shape: str, colour: str, size: str, x: float, y: float) -> Any:
    return shapes.Thing(shape, colour, size, x, y, shapes.SIZES[size], 0.0, 1.0)


def scene(*things: Any) -> Any:
    return shapes.Scene(64, things, "grey", 1)


def test_the_test_split_is_frozen(name: str, test_split: Any) -> None:
    found = hashlib.sha256()
    for told in test_split:
        found.update(json.dumps([told.text, told.truth, told.others]).encode())
        found.update(told.scene.image.tobytes())
    assert found.hexdigest() == FROZEN[name]


def test_splits_share_no_thing(name: str, test_split: Any) -> None:
    held_out = {thing.combination for told in test_split for thing in told.scene.things}
    trained = {thing.combination for told in WORLDS[name]("train", 1500) for thing in told.scene.things}
    assert len(test_split) == 300
    assert not held_out & trained


def test_a_caption_names_the_upper_or_the_left_thing_first() -> None:
    star, ring = thing("star", "red", "large", 0.5, 0.2), thing("ring", "blue", "small", 0.4, 0.8)
    for things in ((star, ring), (ring, star)):
        assert scene_texts.caption(scene(*things)) == "a large red star above a small blue ring"
    aside = replace(ring, x=0.1, y=0.25)
    assert scene_texts.caption(scene(star, aside)) == "a small blue ring left of a large red star"
    assert scene_texts.caption(scene(star)) == "a large red star"


def test_captions_agree_with_the_pixels() -> None:
    for told in scene_texts.captioned("validation", 100):
        boxes = told.scene.boxes
        if len(boxes) < 2:
            continue
        middles = (boxes[:, :2] + boxes[:, 2:]) / 2
        down = "above" in told.truth
        order = np.argsort(middles[:, 1 if down else 0])
        named = [told.scene.things[index].words for index in order]
        assert told.truth == f"a {named[0]} {'above' if down else 'left of'} a {named[1]}"


def test_wrong_captions_are_wrong_and_differ() -> None:
    for told in scene_texts.confusable("validation", 100):
        assert len({told.truth, *told.others}) == 1 + scene_texts.WRONG
        right = set(told.truth.split())
        # One property, an exchange or the relation: never a picture of something else altogether.
        assert all(len(right ^ set(other.split())) <= 4 for other in told.others)


SCENE = (
    thing("star", "red", "large", 0.5, 0.2),
    thing("ring", "blue", "small", 0.4, 0.8),
)


@pytest.mark.parametrize(
    ("kind", "possible"),
    [
        ("colour", {("what colour is the star?", "red"), ("what colour is the ring?", "blue")}),
        ("shape", {("what is the red thing?", "star"), ("what is the blue thing?", "ring")}),
        ("size", {("how big is the star?", "large"), ("how big is the ring?", "small")}),
        ("place", {("what is above the ring?", "red star"), ("what is below the star?", "blue ring")}),
        (
            "larger",
            {
                ("which is larger, the star or the ring?", "star"),
                ("which is larger, the ring or the star?", "star"),
            },
        ),
    ],
)
def test_questions_have_their_answers(kind: str, possible: set[tuple[str, str]]) -> None:
    asked = {scene_texts.QUESTIONS[kind](scene(*SCENE), random.Random(seed)) for seed in range(40)}
    assert asked == possible


@pytest.mark.parametrize("kind", ["colour", "size", "larger", "place"])
def test_nothing_is_asked_about_one_of_two_alike(kind: str) -> None:
    twins = (SCENE[0], replace(SCENE[0], colour="blue", y=0.8, size="small"))
    assert {scene_texts.QUESTIONS[kind](scene(*twins), random.Random(seed)) for seed in range(20)} == {None}


def test_counts_and_presence_are_counted_again() -> None:
    for told in scene_texts.questioned("validation", 200):
        there = [(thing.colour, thing.shape) for thing in told.scene.things]
        words = told.text.rstrip("?").split()
        if told.kind == "count":
            kind = words[2].removesuffix("s") if words[2] != "crosses" else "cross"
            assert told.truth == scene_texts.NUMBERS[sum(shape == kind for _, shape in there)]
        elif told.kind == "presence":
            assert told.truth == ("yes" if (words[-2], words[-1]) in there else "no")


def test_every_kind_of_question_is_asked_and_none_has_one_answer() -> None:
    told = scene_texts.questioned("test")
    for kind in scene_texts.QUESTIONS:
        truths = [one.truth for one in told if one.kind == kind]
        assert len(truths) >= 20
        assert max(truths.count(truth) for truth in truths) < 0.75 * len(truths)


def test_things_stay_in_their_cells_and_apart(test_split: Any) -> None:
    for told in test_split[:100]:
        for index, one in enumerate(told.scene.things):
            middle = [(place + 0.5) / shapes.PLACES for place in reversed(one.cell)]
            # Only the border keeps a large thing farther from the middle than a small one.
            assert max(abs(one.x - middle[0]), abs(one.y - middle[1])) <= max(0.3 * 0.125, one.radius - 0.1)
            for other in told.scene.things[:index]:
                assert np.hypot(one.x - other.x, one.y - other.y) >= one.radius + other.radius


def test_portraits_for_zero_shot_are_frozen_and_others_than_those_of_classification() -> None:
    task = discovery.load_tasks(ROOT)["zero-shot-image-classification"]
    samples = task.samples()
    found = hashlib.sha256()
    for sample in samples:
        found.update(json.dumps([sample.truth, sample.input["candidate_labels"]]).encode())
        found.update(sample.input["image"].tobytes())
    assert found.hexdigest() == FROZEN_PORTRAITS
    assert {sample.truth for sample in samples} <= set(portraits.LABELS)
    theirs = {portrait.image.tobytes() for portrait in portraits.portraits("test")}
    assert not theirs & {sample.input["image"].tobytes() for sample in samples}


def test_the_task_shows_the_frozen_split(name: str, test_split: Any) -> None:
    task = discovery.load_tasks(ROOT)[name]
    assert isinstance(task, ImageTask)
    samples = task.samples()
    assert [sample.truth for sample in samples] == [told.truth for told in test_split]
    assert len({sample.id for sample in samples}) == len(samples)
    assert all((task.image_of(s.input) == t.scene.image).all() for s, t in zip(samples, test_split, strict=True))
