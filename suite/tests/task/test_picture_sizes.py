"""Pictures of different sizes are asked about as if each were alone: without margins that a model would see."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from suite.core.runnable import Runnable
from suite.task import Batch
from suite.task.base import on_device, sizes_of
from suite.task.picture_sizes import together, without_margins

SIZES = [(6, 8), (8, 6), (6, 8), (4, 4)]


def made(size: tuple[int, int], with_mask: bool = True) -> dict[str, Any]:
    import torch

    one = {"pixel_values": torch.rand(1, 3, *size)}
    return one | ({"pixel_mask": torch.ones(1, *size, dtype=torch.int64)} if with_mask else {})


def seeing() -> Any:
    """A model that sees margins, as convolutions do, and tells a place as a share of the whole picture."""
    import torch

    class Seeing(torch.nn.Module):
        calls = 0

        def forward(self, pixel_values: Any, pixel_mask: Any = None) -> Any:
            type(self).calls += 1
            mean = pixel_values.mean(dim=(1, 2, 3))[:, None]
            return {"logits": mean, "maps": pixel_values[:, 0], "loss": None}

    return Seeing()


@pytest.mark.parametrize("with_mask", [True, False])
def test_each_answers_as_it_does_alone(with_mask: bool) -> None:
    import torch

    each = [made(size, with_mask) for size in SIZES]
    model = seeing()
    runnable = Runnable(model, "cpu")
    batch = on_device(together(each), "cpu")
    assert sizes_of(batch) == SIZES
    assert batch["pixel_values"].shape == (4, 3, 8, 8)
    answers = without_margins(runnable, batch)
    assert type(model).calls == 3, "those of one size go together"
    for row, one in enumerate(each):
        alone = model(**one)
        assert torch.allclose(answers.logits[row], alone["logits"][0])
        assert torch.equal(answers.maps[row], alone["maps"][0])
    assert not hasattr(answers, "loss")


def test_those_of_one_size_are_a_batch_like_any_other() -> None:
    batch = together([made((6, 8)), made((6, 8))])
    assert sizes_of(batch) is None
    assert {name: tuple(value.shape) for name, value in batch.items()} == {
        "pixel_values": (2, 3, 6, 8), "pixel_mask": (2, 6, 8),
    }  # fmt: skip


def test_a_task_s_notes_leave_the_sizes_be() -> None:
    batch = Batch(together([made((6, 8)), made((4, 4))]), notes=["a", "b"])
    assert sizes_of(batch) == [(6, 8), (4, 4)]
    assert sizes_of(SimpleNamespace()) is None  # type: ignore[arg-type]


def test_a_detector_that_fills_pictures_up_conforms_on_pictures_of_all_sizes(tmp_path: Any) -> None:
    import torch
    import transformers

    from suite.checks.conformance import CellUnderTest, examine
    from suite.subjects import Source, open_subject
    from suite.task import Sample, discovery
    from suite.tests.support.made_checkpoints import CHECKPOINT

    torch.manual_seed(0)
    config = transformers.YolosConfig(
        image_size=[32, 48], patch_size=8, hidden_size=32, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=32, num_detection_tokens=4, initializer_range=0.3, id2label={0: "cat", 1: "dog"},
    )  # fmt: skip
    transformers.YolosForObjectDetection(config).save_pretrained(tmp_path)
    transformers.YolosImageProcessor(size={"shortest_edge": 32, "longest_edge": 64}).save_pretrained(tmp_path)
    draw = np.random.default_rng(0)
    pictures = [draw.integers(0, 255, (*size, 3), dtype=np.uint8) for size in [(40, 60), (60, 40), (50, 50)]]
    own = [Sample(str(place), picture, []) for place, picture in enumerate(pictures)]
    task = discovery.load_tasks(discovery.tasks_root())["object-detection"]
    subject = open_subject(Source("local", CHECKPOINT, directory=tmp_path), task, own_samples=own)
    cell = CellUnderTest(task, subject, Runnable(subject.load_model(), "cpu"), 1e-4, 0)
    assert examine(cell, pictures) == []
