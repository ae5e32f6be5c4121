"""The answers to every sample: written once, superseded by a later measurement, bounded, printable, hostile ones."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from suite.core.errors import Unwritable
from suite.records.run_folder import RunFolder, read_lines
from suite.task import Sample
from suite.task.answer_sheet import LONGEST, MOST_SAMPLES, MOST_SLICES, in_words, questions
from suite.tests.support import answer_sheets as made
from suite.tests.support.made_checkpoints import Moods
from suite.tests.support.synthetic_run import cell


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path, "run")


def test_what_is_written_is_read(run: RunFolder) -> None:
    asked = made.questions(4, [["a"], [], ["a", "b"], []])
    sheets = {
        "right": made.sheet(asked),
        "graded": made.sheet(asked, scores=[0.1, 0.25, 1.0, 0.0]),
        "together": made.sheet(asked, scores=None, resampled=[0.1, 0.2], one_label=False, slices={}),
    }
    for name, sheet in sheets.items():
        run.append_answers(cell(checkpoint=name), sheet)
    assert run.answers() == {cell(checkpoint=name).id: sheet for name, sheet in sheets.items()}


def test_the_samples_are_kept_once(run: RunFolder) -> None:
    asked = made.questions(5)
    for backend in ("eager", "onnx"):
        run.append_answers(cell(backend=backend), made.sheet(asked, [1]))
    again = RunFolder(run.path)  # a session that continues the run
    again.append_answers(cell(backend="int8"), made.sheet(asked, [2]))
    again.append_answers(cell("translation"), made.sheet(made.questions(6)))
    assert len(list(read_lines(run.path / "questions.jsonl"))) == 2
    assert len(run.answers()) == 4


def test_a_later_measurement_supersedes_the_earlier(run: RunFolder) -> None:
    asked = made.questions(5)
    run.append_answers(cell(), made.sheet(asked, [0, 1, 2]))
    shorter = made.questions(3)
    run.append_answers(cell(), made.sheet(shorter, [1]))
    assert run.answers() == {cell().id: made.sheet(shorter, [1])}
    with (run.path / "answers.jsonl").open("ab") as file:
        file.write(b'{"cell": "sentiment-analysis/distilbert-sst2/eager", "set": "')  # a kill in the middle of a line
    assert run.answers() == {cell().id: made.sheet(shorter, [1])}


def test_numbers_that_are_none_can_be_written(run: RunFolder) -> None:
    sheet = made.sheet(made.questions(2), scores=None, resampled=[0.5, float("nan")], slices={"a": float("nan")})
    run.append_answers(cell(), sheet)
    read = run.answers()[cell().id]
    assert read.resampled is not None
    assert read.resampled[0] == 0.5
    assert read.resampled[1] != read.resampled[1]
    assert read.slices == {}


def test_texts_are_printable_and_hold_no_secret(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_API_KEY", "sesame-open-12345")
    asked = replace(
        made.questions(1, [["\x1b[2Jsesame-open-12345"]]),
        inputs=["\x1b]0;x\x07sesame-open-12345\udcff"],
        samples=["\x1b"],
    )
    run.append_answers(cell(), made.sheet(asked, answers=["\x00<script>\u202e"]))
    read = run.answers()[cell().id]
    assert read.questions.inputs == ["\\x1b]0;x\\x07<secret>\\xff"]
    assert read.questions.samples == ["\\x1b"]
    assert read.answers == ["\\x00<script>\\u202e"]
    assert list(read.slices) == read.questions.slices[0] == ["\\x1b[2J<secret>"], "a slice is called the same in both"


NO_QUESTIONS = (
    "{}", '{"set": "x", "sample": ["a"], "input": ["b"], "truth": []}',
    '{"set": "x", "sample": ["a"], "input": ["b"], "truth": [1]}',
    '{"set": "x", "sample": ["a"], "input": ["b"], "truth": ["c"], "slices": []}',
    '{"set": "x", "sample": ["a"], "input": ["b"], "truth": ["c"], "slices": ["d"]}',
)  # fmt: skip
NO_ANSWERS = (
    "{}", '{"cell": "a/b/c", "set": "SET", "answer": ["x"]}', '{"cell": "a/b/c", "set": "none", "answer": ["x", "y"]}',
    '{"cell": "a/b/c", "set": "SET", "answer": ["x", 1]}', '{"cell": 1, "set": "SET", "answer": ["x", "y"]}',
    '{"cell": "a/b/c", "set": "SET", "answer": ["x", "y"], "score": [1]}',
    '{"cell": "a/b/c", "set": "SET", "answer": ["x", "y"], "score": [1, null]}',
    '{"cell": "a/b/c", "set": "SET", "answer": ["x", "y"], "score": ["1", 1]}',
    '{"cell": "a/b/c", "set": "SET", "answer": ["x", "y"], "resampled_accuracy": 3}',
    '{"cell": "a/b/c", "set": "SET", "answer": ["x", "y"], "slice_accuracy": [["a"]]}',
)  # fmt: skip


def test_lines_that_no_run_writes_are_passed_over(run: RunFolder) -> None:
    run.append_answers(cell(), made.sheet(made.questions(2)))
    before = run.answers()
    name = next(read_lines(run.path / "questions.jsonl"))["set"]
    for file, lines in (("questions.jsonl", NO_QUESTIONS), ("answers.jsonl", NO_ANSWERS)):
        with (run.path / file).open("a") as stream:
            stream.writelines(f"{line.replace('SET', name)}\n" for line in lines)
    assert run.answers() == before


def test_what_is_kept_is_bounded() -> None:
    text = "x" * 10_000
    samples = [Sample(f"{place}-{text}", text, text, (f"slice {place}", "all")) for place in range(MOST_SAMPLES + 5)]
    asked = questions(Moods(), samples)
    answers = in_words(Moods(), [text] * len(samples))
    assert len(asked.samples) == len(asked.slices) == len(answers) == MOST_SAMPLES
    assert max(map(len, [*asked.samples, *asked.inputs, *asked.truths, *answers])) == LONGEST
    kept = {name for names in asked.slices for name in names}
    assert len(kept) == MOST_SLICES
    assert "all" in kept, "the commonest are"


def test_pictures_of_samples_are_kept_once(run: RunFolder) -> None:
    asked, picture = made.questions(3), b"a picture"
    for backend in ("eager", "onnx"):
        run.append_answers(cell(backend=backend), made.sheet(asked), [picture, None, picture])
    run.append_answers(cell("translation"), made.sheet(made.questions(4)))
    files = [file.name for file in (run.path / "exhibits").iterdir()]
    assert len(files) == 1
    assert run.sample_pictures() == {("sentiment-analysis", name): f"exhibits/{files[0]}" for name in ("s0", "s2")}
    with (run.path / "questions.jsonl").open("a") as stream:
        stream.write('{"set": "x", "sample": ["a"], "input": ["b"], "truth": ["c"], "picture": ["../../secret.png"]}\n')
    run.append_answers(cell(), made.sheet(asked))
    assert all(name.startswith("exhibits/") for name in run.sample_pictures().values())


def test_a_full_disk_is_said(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(Unwritable, match=r"questions\.jsonl"):
        run.append_answers(cell(), made.sheet(made.questions(2)))


def test_a_line_is_json_without_nan(run: RunFolder) -> None:
    run.append_answers(cell(), made.sheet(made.questions(3)))
    for name in ("questions.jsonl", "answers.jsonl"):
        json.loads((run.path / name).read_text(), parse_constant=pytest.fail)
