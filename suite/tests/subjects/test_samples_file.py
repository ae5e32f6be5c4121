"""The user's own labelled data: read line by line, and put into the checkpoint's words."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from suite.core.errors import CheckpointError, UsageError
from suite.subjects.samples_file import fit, read_samples
from suite.task import Sample
from suite.tests.support import made_checkpoints as made

TASK = made.Moods()


def config(*labels: str) -> Any:
    return SimpleNamespace(id2label=dict(enumerate(labels)))


def write(tmp_path: Path, *lines: str) -> Path:
    file = tmp_path / "own.jsonl"
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


def row(**values: Any) -> str:
    return json.dumps(values)


def test_samples_are_read(tmp_path: Path) -> None:
    file = write(tmp_path, row(input="a film", truth="pos"), "", row(id="mine", input="ü", truth=1))
    assert read_samples(file, TASK) == [Sample("1", "a film", "pos"), Sample("mine", "ü", 1)]


def test_slices_are_read(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        row(input="a", truth="pos", slice="short"),
        row(input="b", truth="pos", slice=["short", 7, "short", "x" * 200]),
        row(input="c", truth="pos", slice=None),
    )
    samples = read_samples(file, TASK)
    assert [sample.slices for sample in samples] == [("short",), ("short", "7", "x" * 80 + "... (200 characters)"), ()]
    assert fit(samples, TASK, config("neg", "pos"))[1].slices == samples[1].slices, "kept with the checkpoint's words"


def test_a_byte_order_mark_is_no_obstacle(tmp_path: Path) -> None:
    file = tmp_path / "own.jsonl"
    file.write_text(row(input="a", truth=0), encoding="utf-8-sig")
    assert len(read_samples(file, TASK)) == 1


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{'input': 1}", "line 2 is not JSON"),
        ("[1, 2]", "line 2 is not an object"),
        (row(text="a", label=1), r"line 2 lacks 'input' and 'truth' \(it has 'text', 'label'\)"),
        (row(input="a"), r"line 2 lacks 'truth'"),
        (row(input="a", truth=None), r"line 2 has a truth that is null: .* leave out the line"),
        (row(input=None, truth="a"), r"line 2 has an input that is null"),
        (row(input="a", truth="b", slice={}), r"line 2 is not a sample of moods .*neither a name nor a list"),
        (row(input="a", truth="b", slice=[" "]), r"line 2 is not a sample of moods .*neither a name nor a list"),
        (row(input="a", truth="b", slice=["a"] * 21), r"line 2 is not a sample of moods .*names 21 slices"),
        (row(id="1", input="a", truth="b"), "line 2 has the id '1' of line 1"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        read_samples(write(tmp_path, row(input="a", truth="b"), line), TASK)


@pytest.mark.parametrize("content", ["", "\n\n"])
def test_an_empty_file(tmp_path: Path, content: str) -> None:
    with pytest.raises(UsageError, match="is empty"):
        read_samples(write(tmp_path, content), TASK)


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    file = tmp_path / "own.jsonl"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="not UTF-8"):
        read_samples(file, TASK)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_samples(tmp_path / "none.jsonl", TASK)


def test_a_task_can_refuse_a_row(tmp_path: Path) -> None:
    class Strict(made.Moods):
        def from_json(self, row: Any, index: int, folder: Path) -> Sample:
            raise ValueError("the input must be a list")

    with pytest.raises(UsageError, match=r"line 1 is not a sample of moods .*must be a list"):
        read_samples(write(tmp_path, row(input="a", truth="b")), Strict())


@pytest.mark.parametrize(
    ("labels", "truth", "word"),
    [
        (("BAD", "GOOD"), "good", "GOOD"),  # the checkpoint's name, in any case
        (("neg", "pos"), "POS", "GOOD"),  # ... is answered in the task's word
        (("neg", "pos"), "GOOD", "GOOD"),  # the task's own word
        (("LABEL_0", "LABEL_1"), 1, "GOOD"),  # an index
        (("LABEL_0", "LABEL_1"), "0", "BAD"),
        (("LABEL_0", "LABEL_1", "LABEL_2"), 1, "LABEL_1"),  # three numbered classes are not the task's two
        (("neg", "neutral", "pos"), "label_1", "neutral"),
        (("BAD", "GOOD"), "LABEL_1", "GOOD"),
        (("1 star", "2 stars", "3 stars"), "2 Stars", "2 stars"),
        (("1 star", "2 stars", "3 stars"), 2, "3 stars"),
        (("1", "2", "3"), 2, "2"),  # a name wins over an index
        (("joy", "anger", "neutral"), " anger ", "anger"),
    ],
)
def test_truths_are_put_into_the_words_of_the_answers(labels: tuple[str, ...], truth: Any, word: str) -> None:
    fitted = fit([Sample("1", "a", truth)], TASK, config(*labels))
    assert fitted == [Sample("1", "a", word)]
    assert word in {TASK.label(index, config(*labels)) for index in range(len(labels))}


@pytest.mark.parametrize("truth", ["sad", 3, -1, "LABEL_9", True, 1.0, ["joy"]])
def test_a_truth_that_the_checkpoint_cannot_answer(truth: Any) -> None:
    with pytest.raises(
        UsageError, match=r"moods, sample 7: the label .* is not one of the checkpoint's \(joy, anger\)"
    ):
        fit([Sample("7", "a", truth)], TASK, config("joy", "anger"))


def test_free_answers_stay_as_they_are() -> None:
    samples = [Sample("1", "a b", "c")]
    assert fit(samples, made.Stories(), config()) == samples


def test_the_task_s_own_truths_need_the_task_s_labels() -> None:
    TASK.check_config(config("neg", "pos"))
    TASK.check_config(config("LABEL_0", "LABEL_1"))
    TASK.check_config(config("neg", "neutral", "pos"))
    for labels in (("neg", "neutral"), ("LABEL_0", "LABEL_1", "LABEL_2")):
        with pytest.raises(CheckpointError, match="cannot be mapped"):
            TASK.check_config(config(*labels))
