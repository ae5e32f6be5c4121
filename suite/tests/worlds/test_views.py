"""Portraits and landscapes, cut and chosen from the world of shapes; and how depth is scored."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from suite.core.errors import CheckpointError, UsageError
from suite.subjects.samples_file import fit
from suite.task import discovery

ROOT = discovery.tasks_root()
TASKS = discovery.load_tasks(ROOT)
landscapes = discovery.load_module(ROOT, "worlds.landscapes")
portraits = discovery.load_module(ROOT, "worlds.portraits")
shapes = discovery.load_module(ROOT, "worlds.shapes")
CLASSIFICATION, DEPTH = TASKS["image-classification"], TASKS["depth-estimation"]

FROZEN = {
    "image-classification": "d54d9b80b169a9dd3c84f38c3317944268aee5ddc8cacaf06964e4f85528ddf3",
    "depth-estimation": "edf3148ca1c3e5a0ccab35c8ec1900f403c8d1ab507177139b2f583ab2f3c033",
}
"""The test splits. A change here means that their miniatures must be built again."""


def digest_of(samples: Any) -> str:
    digest = hashlib.sha256()
    for sample in samples:
        digest.update(sample.input.tobytes())
        digest.update(repr(sample.truth).encode())
    return digest.hexdigest()


@pytest.fixture(scope="module")
def depths() -> Any:
    return DEPTH.samples()


def test_the_test_splits_are_frozen(depths: Any) -> None:
    assert digest_of(CLASSIFICATION.samples()) == FROZEN["image-classification"]
    assert digest_of(depths) == FROZEN["depth-estimation"]


def test_a_portrait_shows_nearly_all_of_its_thing() -> None:
    for portrait in portraits.portraits("test", 100):
        scene = portrait.scene
        inside = scene.masks[0][portrait.top :, portrait.left :][: portraits.SIDE, : portraits.SIDE]
        assert portrait.image.shape == (portraits.SIDE, portraits.SIDE, 3)
        assert inside.sum() >= 0.8 * scene.masks[0].sum()
        assert portrait.name == f"{scene.things[0].colour} {scene.things[0].shape}"


def test_no_portrait_is_trained_on_in_its_place_and_size() -> None:
    held_out = {portrait.scene.things[0].combination for portrait in portraits.portraits("test")}
    trained = {portrait.scene.things[0].combination for portrait in portraits.portraits("train", 2000)}
    assert not held_out & trained
    assert {portrait.name for portrait in portraits.portraits("test")} <= set(portraits.LABELS)


def test_landscapes_show_things_and_hide_others() -> None:
    drawn = landscapes.landscapes("test", 60)
    assert np.mean([scene.masks.any(axis=0).mean() for scene in drawn]) > 0.22
    assert all(6 <= len(scene.things) <= 8 for scene in drawn)


def test_a_perfect_depth_is_perfect_at_any_scale_and_shift(depths: Any) -> None:
    truths = [sample.truth for sample in depths[:20]]
    for scale, shift in ((1.0, 0.0), (30.0, 7.0), (0.01, -2.0)):
        answers = [(scale * np.asarray(truth) + shift).tolist() for truth in truths]
        assert DEPTH.accuracy(answers, truths) == 1.0
        assert DEPTH.metrics(answers, truths)["abs_rel"] < 1e-6


def test_depth_is_scored_as_by_least_squares(depths: Any) -> None:
    random = np.random.default_rng(0)
    truth = np.asarray(depths[0].truth)
    answer = 3 * truth + 1 + random.normal(0, 0.3, truth.shape)
    scale, shift = np.polyfit(answer.ravel(), truth.ravel(), 1)
    metres, true = 1 / np.maximum(scale * answer + shift, 0.1), 1 / truth
    expected = np.mean(np.maximum(metres / true, true / metres) < 1.25)
    assert 0.2 < expected < 0.9
    answers, truths = [answer.tolist()], [truth.tolist()]
    assert DEPTH.accuracy(answers, truths) == pytest.approx(expected)
    metrics = DEPTH.metrics(answers, truths)
    assert metrics["abs_rel"] == pytest.approx(np.mean(abs(metres - true) / true))
    assert metrics["rmse_metres"] == pytest.approx(math.sqrt(np.mean((metres - true) ** 2)))


def test_nothing_is_asked_where_depth_is_unknown(depths: Any) -> None:
    truth = np.asarray(depths[0].truth)
    partly, wild = truth.copy(), truth.copy()
    partly[:8] = 0
    wild[:8] = 1000
    assert DEPTH.accuracy([wild.tolist()], [partly.tolist()]) == 1.0
    assert DEPTH.accuracy([wild.tolist()], [truth.tolist()]) < 0.9


def test_a_dull_depth_is_no_better_than_chance(depths: Any) -> None:
    truths = [sample.truth for sample in depths[:60]]
    rows = np.linspace(0.1, 0.3, 16)[:, None].repeat(16, axis=1).tolist()
    assert DEPTH.accuracy([rows] * len(truths), truths) < DEPTH.chance(truths) + 0.05 < 0.6


def test_depth_in_a_file_of_millimetres(tmp_path: Path, depths: Any) -> None:
    from PIL import Image

    scene = landscapes.landscapes("test", 1)[0]
    Image.fromarray(scene.image).save(tmp_path / "scene.png")
    Image.fromarray(np.rint(scene.depth * 1000).astype(np.uint16)).save(tmp_path / "depth.png")
    sample = DEPTH.from_json({"input": "scene.png", "truth": "depth.png"}, 1, tmp_path)
    rows = DEPTH.from_json({"input": "scene.png", "truth": scene.depth.tolist()}, 1, tmp_path)
    expected = depths[0]
    assert (sample.input == expected.input).all()
    assert np.abs(np.subtract(sample.truth, expected.truth)).max() < 1e-3
    assert rows.truth == expected.truth
    with pytest.raises(ValueError, match="rows of metres"):
        DEPTH.from_json({"input": "scene.png", "truth": [[1.0], [2.0, 3.0]]}, 1, tmp_path)
    with pytest.raises(ValueError, match="cannot be read"):
        DEPTH.from_json({"input": "scene.png", "truth": "none.png"}, 1, tmp_path)


def test_labels_of_imagenet_and_of_shapes_are_both_known() -> None:
    names = json.loads((ROOT / "configs" / "vit-base-patch16-224.json").read_text())["id2label"]
    imagenet = SimpleNamespace(id2label={int(index): name for index, name in names.items()})
    CLASSIFICATION.check_config(imagenet)
    CLASSIFICATION.check_config(SimpleNamespace(id2label=dict(enumerate(portraits.LABELS))))
    with pytest.raises(CheckpointError, match="cannot be mapped"):
        CLASSIFICATION.check_config(SimpleNamespace(id2label={0: "cat", 1: "dog"}))
    names = [imagenet.id2label[index] for index in (0, 217, 482, 491, 497, 566, 569, 571, 574, 701)]
    picture = SimpleNamespace(convert=lambda mode: np.zeros((8, 8, 3), np.uint8))
    rows = [CLASSIFICATION.from_hub({"image": picture, "label": label}) for label in range(10)]
    samples = [row for row in rows if row is not None]
    assert [sample.truth for sample in samples] == names
    assert [sample.truth for sample in fit(samples, CLASSIFICATION, imagenet)] == names
    with pytest.raises(UsageError, match="not one of the checkpoint's"):
        CLASSIFICATION.own_truth("red star", imagenet)
