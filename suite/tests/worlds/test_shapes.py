"""The world of shapes: what a scene says of itself is checked against the pixels of its own picture."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from suite.task import discovery

ROOT = discovery.tasks_root()
grammar = discovery.load_module(ROOT, "worlds.grammar")
shapes = discovery.load_module(ROOT, "worlds.shapes")

KINDS: dict[str, dict[str, Any]] = {
    "one thing": {},
    "apart": {"things": (2, 4), "side": 96},
    "overlapping": {"things": (2, 4), "overlapping": True},
    "in perspective": {"things": (1, 4), "overlapping": True, "perspective": True},
}
FROZEN = {
    "one thing": "cb48acfaf1adc3de1e1c453422f61e465eaaf509b7188176f3be7fbf64597f10",
    "apart": "310662fafac47cface7587039d92ae6b9b18a81ea836e0bb6eb0db5fc61ea9a5",
    "overlapping": "2cb3036f1b4f0b681fa31b3e63837fe0e5afedd5e89abcc760418411408e7119",
    "in perspective": "14d3923921247a38357a24439089ec1c118bbce359c52c0b87f300623a755ca1",
}
"""A change here changes the pictures that every miniature of vision was trained on: all must then be built again."""
CLEAR = 60.0
"""Levels between a thing's colour and what is behind it, summed over red, green and blue, from which grain cannot hide
how much of a pixel the thing covers."""


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def drawn(kind: str) -> Any:
    return shapes.scenes("test", 20, "truth", **KINDS[kind])


def without(scene: Any, index: int) -> Any:
    return replace(scene, things=scene.things[:index] + scene.things[index + 1 :])


def shown(scene: Any, index: int) -> tuple[Any, Any]:
    """How far each pixel goes over to a thing's colour when the thing is put in, 0 to 1; and where that is clear."""
    before, after = (one.image.astype(float) for one in (without(scene, index), scene))
    slope = np.linspace(1 + shapes.SHADE / 2, 1 - shapes.SHADE / 2, scene.side)[:, None, None]
    possible = np.clip(np.asarray(shapes.COLOURS[scene.things[index].colour]) * slope, 0, 255) - before
    room = np.abs(possible).sum(axis=-1)
    gone = ((after - before) * np.sign(possible)).sum(axis=-1)
    return gone / np.maximum(room, 1), room > CLEAR


def around(mask: Any) -> tuple[int, int, int, int]:
    rows, columns = np.nonzero(mask)
    return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1


def test_pictures_are_frozen(kind: str, drawn: Any) -> None:
    digest = hashlib.sha256()
    for scene in drawn:
        for array in (scene.image, scene.masks, scene.boxes, scene.depth):
            digest.update(np.ascontiguousarray(array).tobytes())
    assert digest.hexdigest() == FROZEN[kind]


def test_the_same_arguments_give_the_same_scenes(kind: str, drawn: Any) -> None:
    again = shapes.scenes("test", 20, "truth", **KINDS[kind])
    assert again == drawn
    assert shapes.scenes("test", 10, "truth", **KINDS[kind]) == drawn[:10]
    assert not set(shapes.scenes("test", 40, "other", **KINDS[kind])) & set(drawn)


def test_a_mask_is_where_the_picture_takes_the_colour_of_a_thing(drawn: Any) -> None:
    seen = 0
    for scene in drawn:
        for index, mask in enumerate(scene.masks):
            share, clear = shown(scene, index)
            clear &= (scene.coverage > 0).sum(axis=0) <= 1
            assert (share[mask & clear] > 0.3).all()
            assert (share[~mask & clear] < 0.7).all()
            seen += int((mask & clear).sum())
    assert seen > 2000


def test_a_box_is_where_a_thing_changes_the_picture(drawn: Any) -> None:
    seen = 0
    for scene in drawn:
        for index, (box, mask) in enumerate(zip(scene.boxes, scene.masks, strict=True)):
            share, clear = shown(scene, index)
            if mask.any() and clear.all():
                assert np.abs(np.subtract(around(share > 0.5), box)).max() <= 1
                assert box.tolist() == list(around(mask))
                seen += 1
    assert seen >= 15


def test_a_thing_shows_its_own_colour(drawn: Any) -> None:
    slope = 1 + shapes.SHADE / 2
    for scene in drawn:
        for thing, covered in zip(scene.things, scene.coverage, strict=True):
            inner = scene.image[covered == 1].astype(float)
            if len(inner) >= 20:
                expected = np.asarray(shapes.COLOURS[thing.colour])
                assert (np.abs(inner.mean(axis=0) - expected) <= (slope - 1) * expected + 3).all()


def test_masks_are_disjoint_and_inside_their_boxes(drawn: Any) -> None:
    for scene in drawn:
        assert scene.masks.sum(axis=0).max() <= 1
        assert scene.coverage.sum(axis=0).max() <= 1 + 1e-6
        for mask, (left, top, right, bottom) in zip(scene.masks, scene.boxes.astype(int), strict=True):
            assert mask.sum() == mask[top:bottom, left:right].sum()


def test_things_that_stand_apart_are_whole() -> None:
    for scene in shapes.scenes("test", 15, "truth", **KINDS["apart"]):
        for index in range(len(scene.things)):
            alone = replace(scene, things=(scene.things[index],))
            assert (scene.coverage[index] == alone.coverage[0]).all()


def test_the_nearer_thing_hides_the_farther() -> None:
    hidden = 0
    for scene in shapes.scenes("test", 15, "truth", **KINDS["in perspective"]):
        whole = [replace(scene, things=(thing,)).masks[0] for thing in scene.things]
        for (i, one), (j, other) in combinations(enumerate(scene.things), 2):
            both = (replace(scene, things=(one,)).coverage[0] == 1) & (replace(scene, things=(other,)).coverage[0] == 1)
            farther, nearer = (i, j) if one.distance > other.distance else (j, i)
            assert not (scene.masks[farther] & both).any()
            assert (scene.masks[farther] <= whole[farther]).all()
            alone = replace(scene, things=(scene.things[farther], scene.things[nearer]))
            assert alone.masks[1][both].all()
            hidden += int(both.sum())
    assert hidden > 100


def test_depth_is_the_distance_of_what_is_seen(drawn: Any) -> None:
    for scene in drawn:
        ground = replace(scene, things=()).depth
        distances = np.asarray([thing.distance for thing in scene.things], np.float32)
        seen = scene.masks.any(axis=0)
        assert (scene.depth[~seen] == ground[~seen]).all()
        assert (scene.depth[seen] == distances[scene.masks.argmax(axis=0)[seen]]).all()
        assert (scene.depth <= ground).all()
        assert scene.depth.min() >= shapes.NEAR
        assert (np.diff(ground[:, 0]) < 0).all()


def test_depth_can_be_seen() -> None:
    found = shapes.scenes("test", 300, "depth", things=(1, 1), perspective=True)
    things = [scene.things[0] for scene in found]
    distances = [thing.distance for thing in things]
    lower, larger = (np.corrcoef(distances, [value(thing) for thing in things])[0, 1] for value in (_y, _radius))
    assert lower < -0.9
    assert larger < -0.3


def _y(thing: Any) -> float:
    return float(thing.y)


def _radius(thing: Any) -> float:
    return float(thing.radius)


def test_the_order_of_things_tells_nothing() -> None:
    for scene in shapes.scenes("test", 15, "truth", **KINDS["in perspective"]):
        mirrored = replace(scene, things=scene.things[::-1])
        # A pixel that several things share a part of is mixed in their order.
        unmixed = (scene.coverage > 0).sum(axis=0) <= 1
        assert (mirrored.image == scene.image)[unmixed].all()
        assert (mirrored.masks[::-1] == scene.masks).all()
        assert (mirrored.depth == scene.depth).all()


def test_splits_share_no_combination(kind: str, drawn: Any) -> None:
    trained = {
        thing.combination for scene in shapes.scenes("train", 400, "truth", **KINDS[kind]) for thing in scene.things
    }
    held_out = {thing.combination for scene in drawn for thing in scene.things}
    assert not trained & held_out
    assert {grammar.split_of(*combination) for combination in trained} == {"train"}
    assert {grammar.split_of(*combination) for combination in held_out} == {"test"}


def test_everything_occurs_in_every_split() -> None:
    for split in ("train", "validation", "test"):
        things = [scene.things[0] for scene in shapes.scenes(split, 600, "all")]
        assert {thing.shape for thing in things} == set(shapes.SHAPES)
        assert {thing.colour for thing in things} == set(shapes.COLOURS)
        assert {thing.size for thing in things} == set(shapes.SIZES)
        assert {thing.cell for thing in things} == {(row, column) for row in range(4) for column in range(4)}


def test_too_many_wishes_are_a_sentence() -> None:
    with pytest.raises(ValueError, match="fewer than 3 such scenes in its test split"):
        shapes.scenes("test", 3, wanted=lambda scene: False)
