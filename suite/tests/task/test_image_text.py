"""Tasks on pictures with words: what is refused, how answers count, and that no input's answer hangs on another's."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from suite.core.errors import InvalidInput
from suite.task import discovery
from suite.task.image_text import GenerativeImageTextTask, repeated, rgb

TASKS = discovery.load_tasks(discovery.tasks_root())
NAMES = (
    "image-captioning",
    "image-text-retrieval",
    "visual-question-answering",
    "zero-shot-image-classification",
)
PICTURE = np.arange(16 * 16 * 3, dtype=np.uint8).reshape(16, 16, 3)
CONFIG = SimpleNamespace(text_config=SimpleNamespace(max_position_embeddings=40))


def words(text: str) -> dict[str, list[str]]:
    return {"input_ids": text.split()}


PROCESSOR = SimpleNamespace(tokenizer=words)


@pytest.mark.parametrize("name", NAMES)
def test_what_no_model_can_take_is_refused(name: str) -> None:
    task = TASKS[name]
    for sample in task.samples()[:5]:
        task.check_input(sample.input, PROCESSOR, CONFIG)
    bad = task.bad_inputs(PROCESSOR, CONFIG)
    assert {"blank", "over-long", "image alone", "empty image"} <= set(bad)
    for value in bad.values():
        with pytest.raises(InvalidInput, match=name):
            task.check_input(value, PROCESSOR, CONFIG)


def test_only_a_prompt_may_be_empty() -> None:
    TASKS["image-captioning"].check_input({"image": PICTURE, "prompt": ""}, PROCESSOR, CONFIG)
    with pytest.raises(InvalidInput, match="at least one word"):
        TASKS["visual-question-answering"].check_input({"image": PICTURE, "question": ""}, PROCESSOR, CONFIG)


@pytest.mark.parametrize("name", NAMES)
def test_own_samples_name_files(name: str, tmp_path: Path) -> None:
    task: Any = TASKS[name]
    Image.fromarray(PICTURE).save(tmp_path / "cat.png")
    texts = ["a cat", "a dog"] if task.several else "a cat"
    row = {"input": {"image": "cat.png", task.words: texts}, "truth": "a cat"}
    sample = task.from_json(row, 7, tmp_path)
    assert sample.id == "7"
    assert np.array_equal(sample.input["image"], PICTURE)
    assert sample.input[task.words] == texts


def test_an_answer_counts_as_much_as_people_gave_it() -> None:
    task = TASKS["visual-question-answering"]
    people = ["yes"] * 7 + ["no"] * 2 + ["maybe"]
    # Two of ten: left out one of the two, a third; left out one of the eight others, two thirds.
    assert task.accuracy(["no"], [people]) == pytest.approx((2 * 1 / 3 + 8 * 2 / 3) / 10)
    assert task.accuracy(["yes"], [people]) == 1
    assert task.accuracy(["red", "red"], ["red", "blue"]) == 0.5
    assert task.chance(["red", "red", "blue", "one"]) == 0.5


def test_any_of_several_captions_is_right() -> None:
    task = TASKS["image-captioning"]
    assert task.accuracy(["a cat", "a dog"], [["a cat", "one cat"], "a cat"]) == 0.5
    metrics = task.metrics(["a cat on a mat"] * 2, [["a dog", "a cat on a mat"], "a cat on a mat"])
    assert metrics["bleu"] == pytest.approx(1)


def test_each_text_has_its_picture() -> None:
    import torch

    batch = repeated({"pixel_values": torch.tensor([[1.0], [2.0]]), "input_ids": torch.zeros(3, 4)}, [1, 2], ["notes"])
    assert batch["pixel_values"].flatten().tolist() == [1, 2, 2]
    assert batch.notes == ["notes"]


def test_images_in_rows_may_be_files() -> None:
    import io

    file = io.BytesIO()
    Image.fromarray(PICTURE).save(file, "png")
    assert np.array_equal(rgb({"bytes": file.getvalue(), "path": "cat.png"}), PICTURE)
    assert rgb(Image.fromarray(PICTURE[..., 0])).shape == (16, 16, 3)


class Spelling:
    """A model that says each text's tokens again, more often the more padding it is shown: `generate()` as of BLIP."""

    config = SimpleNamespace(text_config=SimpleNamespace(sep_token_id=9))
    generation_config = SimpleNamespace(eos_token_id=9)

    def generate(self, input_ids: Any, attention_mask: Any, pixel_values: Any, **_: Any) -> Any:
        import torch

        assert attention_mask.all()
        said = torch.cat([input_ids[:, 1:], torch.full((len(input_ids), 1), 9)], 1)
        return SimpleNamespace(
            sequences=torch.cat([input_ids[:, :1], said], 1),
            logits=[torch.nn.functional.one_hot(step, 10).float() for step in said.T],
        )


def test_texts_of_one_length_are_generated_for_together() -> None:
    import torch

    from suite.core.runnable import Runnable

    task: GenerativeImageTextTask = TASKS["visual-question-answering"]  # type: ignore[assignment]
    batch = {
        "input_ids": torch.tensor([[1, 2, 3, 9], [1, 4, 9, 0], [1, 5, 6, 9]]),
        "attention_mask": torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0], [1, 1, 1, 1]]),
        "pixel_values": torch.zeros(3, 3, 8, 8),
    }
    found = task.infer(Runnable(Spelling(), "cpu"), batch)
    assert [row[:length] for row, length in zip(found.tokens.tolist(), found.lengths, strict=True)] == [
        [2, 3, 9],
        [4, 9],
        [5, 6, 9],
    ]
    numbers = task.numbers(found, batch)
    assert [len(array) for array in numbers] == [3, 2, 3]
    assert [int(step) for step in numbers[1].argmax(axis=-1)] == [4, 9]
