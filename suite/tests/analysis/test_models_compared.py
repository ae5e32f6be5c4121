"""Models side by side, from records alone: who is called better, who is not, and what is said where nobody can tell."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from suite.analysis.frames import answers_frame, cells_of, records
from suite.analysis.models_compared import Comparison, compared, main_backend, said_first, sentence
from suite.records.run_folder import RunFolder
from suite.task.answer_sheet import AnswerSheet, Questions
from suite.tests.support import answer_sheets as made


def comparison(run: RunFolder) -> Comparison:
    (found,) = compared(records(cells_of(run)), run.answers())
    return found


def of(tmp_path: Path, **models: AnswerSheet) -> Comparison:
    return comparison(made.write_models(tmp_path, models))


ASKED = made.questions(200)


def test_a_better_model_is_called_better_whatever_the_order(tmp_path: Path) -> None:
    good, bad = made.sheet(ASKED, range(10)), made.sheet(ASKED, range(40))
    for number, models in enumerate(({"good": good, "bad": bad}, {"bad": bad, "good": good})):
        (pair,) = of(tmp_path / str(number), **models).pairs
        assert pair.better == "good"
        text = sentence(pair)
        assert text.startswith("On eager, good is better than bad: 0.950 against 0.800 on the same 200 samples (")
        assert text.endswith("good alone is right on 30, bad on 0; McNemar's exact test, p < 0.0001).")


def test_equal_models_are_not_called_different(tmp_path: Path) -> None:
    (pair,) = of(tmp_path, a=made.sheet(ASKED, range(20)), b=made.sheet(ASKED, range(12, 30))).pairs
    assert pair.better is None
    assert sentence(pair).startswith(
        "On eager, the data cannot tell b from a: 0.910 against 0.900 on the same 200 samp"
    )
    assert "b's accuracy less a's lies between -0.0" in sentence(pair)


def test_the_same_answers(tmp_path: Path) -> None:
    (pair,) = of(tmp_path, a=made.sheet(ASKED, [1]), b=made.sheet(ASKED, [1])).pairs
    assert sentence(pair).endswith("on the same 200 samples, with the same score on each.")


def test_too_few_samples_are_said_to_be_too_few(tmp_path: Path) -> None:
    few = made.questions(5)
    (pair,) = of(tmp_path, a=made.sheet(few), b=made.sheet(few, range(5))).pairs
    assert pair.better is None
    assert sentence(pair).endswith(
        "on the same 5 samples, of which 5 samples differ: too few, since at least 6 must differ before a test can "
        "show anything."
    )


def test_one_of_many_comparisons_needs_more(tmp_path: Path) -> None:
    """Seven samples on which one is right: enough for one comparison, not for six."""
    seven = made.sheet(ASKED, range(7))
    others = {f"m{number}": made.sheet(ASKED) for number in range(3)}
    two = of(tmp_path / "two", m0=others["m0"], worse=seven)
    assert [pair.better for pair in two.pairs] == ["m0"]
    four = of(tmp_path / "four", **others, worse=seven)
    assert len(four.pairs) == 6
    assert [pair.better for pair in four.pairs] == [None] * 6
    assert "after Holm's correction for 6 comparisons" in sentence(four.pairs[2])


def test_backends_are_compared_with_their_own_kind(tmp_path: Path) -> None:
    found = comparison(
        made.write_models(tmp_path, {"a": made.sheet(ASKED), "b": made.sheet(ASKED, range(40))}, ("eager", "onnx"))
    )
    assert [(pair.backend, pair.first, pair.second, pair.tests) for pair in found.pairs] == [
        ("eager", "a", "b", 2), ("onnx", "a", "b", 2),
    ]  # fmt: skip
    said, further = said_first(found, "eager")
    assert [text[:9] for text in (*said, *further)] == ["On eager,", "On onnx, "]
    assert len(said) == 1


def test_samples_are_paired_by_what_they_are_not_by_their_place(tmp_path: Path) -> None:
    """One model was asked the same samples in another order, and more of them."""
    order = np.random.default_rng(0).permutation(200)
    mixed = Questions(
        [ASKED.samples[place] for place in order], [ASKED.inputs[place] for place in order],
        [ASKED.truths[place] for place in order], [ASKED.slices[place] for place in order],
    )  # fmt: skip
    wrong = [place for place, sample in enumerate(order) if sample < 30]
    (pair,) = of(tmp_path, a=made.sheet(ASKED, range(30)), b=made.sheet(mixed, wrong)).pairs
    assert (pair.paired.gained, pair.paired.lost, pair.paired.samples) == (0, 0, 200)


def test_other_samples_are_not_compared(tmp_path: Path) -> None:
    other = made.questions(200)
    other.inputs[:] = [f"another {text}" for text in other.inputs]
    found = of(tmp_path, a=made.sheet(ASKED), b=made.sheet(other, range(100)))
    assert found.pairs == ()
    assert found.alone == ("a and b on eager are not compared: they were not asked the same samples.",)


def test_without_answers_nobody_is_better(tmp_path: Path) -> None:
    run = made.write_models(tmp_path, {"a": made.sheet(ASKED), "b": made.sheet(ASKED, range(100))})
    (run.path / "answers.jsonl").unlink()
    found = comparison(run)
    assert found.pairs == ()
    assert found.alone == (
        "On eager, a, b are compared with no other: the run holds no answers of theirs to each sample.",
    )
    assert [one.accuracy for one in found.measured] == [1.0, 0.5]


def test_scores_of_all_samples_together(tmp_path: Path) -> None:
    draws = np.random.default_rng(0).normal(0, 0.03, 100)
    common: dict[str, Any] = {"scores": None, "one_label": False}
    worse = made.sheet(ASKED, resampled=(0.5 + draws).tolist(), **common)
    better = made.sheet(ASKED, resampled=(0.6 + draws * 0.9).tolist(), **common)
    run = made.write_models(tmp_path, {"worse": worse, "better": better})
    cells: list[dict[str, Any]] = records(cells_of(run))
    cells[1]["accuracy"] = 0.6
    (found,) = compared(cells, run.answers())
    assert found.pairs[0].better == "better"
    assert found.pairs[0].paired.test == "paired bootstrap"
    fewer = made.sheet(ASKED, resampled=[0.5, 0.6], **common)
    other = compared(cells, {**run.answers(), cells[1]["cell"]: fewer})[0]
    assert other.pairs == (), "draws of another number are other draws"


def test_one_model_is_no_comparison(tmp_path: Path) -> None:
    run = made.write_models(tmp_path, {"a": made.sheet(ASKED)}, ("eager", "onnx"))
    assert compared(records(cells_of(run)), run.answers()) == []


def test_the_main_backend(tmp_path: Path) -> None:
    run = made.write_models(tmp_path, {"a": made.sheet(ASKED), "b": made.sheet(ASKED)}, ("onnx", "eager"))
    cells, sheets = records(cells_of(run)), run.answers()
    assert main_backend(cells, sheets) == "eager"
    only_one = {name: sheet for name, sheet in sheets.items() if name != cells[3]["cell"]}
    assert main_backend(cells, only_one) == "onnx"
    assert main_backend(cells, {}) is None


def test_every_answer_is_a_row_of_the_table(tmp_path: Path) -> None:
    asked = made.questions(3, [["x"], [], ["x", "y"]])
    run = made.write_models(tmp_path, {"a": made.sheet(asked, [1]), "b": made.sheet(asked, scores=None)})
    frame = answers_frame(run.answers(), "run")
    assert list(frame["score"][:3]) == [1.0, 0.0, 1.0]
    assert frame["score"][3:].isna().all()
    assert list(frame["slices"][:3]) == ['["x"]', "", '["x", "y"]']
    assert list(frame["checkpoint"]) == ["a"] * 3 + ["b"] * 3


@pytest.mark.slow
def test_it_needs_no_torch() -> None:
    code = (
        "import sys, suite.analysis.models_compared, suite.analysis.answers_compared, suite.report.models_section; "
        "assert not {'torch', 'transformers'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
