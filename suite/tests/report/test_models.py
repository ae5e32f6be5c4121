"""Models side by side on the page and in the terminal; names, labels and slices of strangers."""

from __future__ import annotations

import io
import re
from html import unescape
from itertools import combinations
from pathlib import Path
from typing import cast

import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Annotation, Text
from rich.console import Console

from suite.analysis.frames import cells_of, records
from suite.analysis.models_compared import compared
from suite.records.run_folder import RunFolder
from suite.report import model_plots, print_summary, write_report
from suite.report.models_section import AT_ONCE
from suite.report.plots import styled
from suite.task.sample_answer import SampleAnswer
from suite.tests.report.test_html import Outline
from suite.tests.support import answer_sheets as made
from suite.tests.support.synthetic_run import cell

ASKED = made.questions(
    120, [["short"] if place % 4 else ["long", "rare" if place < 5 else "long"] for place in range(120)]
)
MODELS = {"good": made.sheet(ASKED, range(4)), "bad": made.sheet(ASKED, range(50)), "same": made.sheet(ASKED, range(4))}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    run = made.write_models(tmp_path_factory.mktemp("results"), MODELS, ("eager", "onnx"))
    answer = SampleAnswer("s49", "input s49", "dog", "owl", PNG, None)
    run.append_sample_answers(cell(checkpoint="bad"), [answer])
    write_report([run.path], run.path)
    return run


PNG = b"\x89PNG\r\n\x1a\n" + bytes(32)


@pytest.fixture(scope="module")
def page(run: RunFolder) -> str:
    return (run.path / "report.html").read_text(encoding="utf-8")


def printed(run: RunFolder, encoding: str = "utf-8") -> str:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    print_summary(Console(file=stream, width=100), run.path)
    stream.seek(0)
    return stream.read()


def test_the_page_says_who_is_better_and_who_cannot_be_told_apart(page: str) -> None:
    Outline(page)
    text = unescape(page)
    assert "On eager, good is better than bad: 0.967 against 0.583 on the same 120 samples" in text
    assert (
        "the data cannot tell same from good: 0.967 against 0.967 on the same 120 samples, with the same score" in text
    )
    assert "after Holm's correction for 6 comparisons" in text
    assert "3 further comparisons" in text


def test_figures_and_tables(run: RunFolder, page: str, tmp_path: Path) -> None:
    write_report([run.path], tmp_path, with_plots=True)
    names = {path.name for path in (tmp_path / "plots").iterdir()}
    assert {"models-sentiment-analysis.png", "confusion-sentiment-analysis.png"} <= names
    assert "accuracy-sentiment-analysis.png" not in names, "the one figure has it all"
    for caption in (
        "Models on sentiment-analysis",
        "Paired tests of models",
        "Accuracy by slice",
        "Labels of bad: true",
    ):
        assert caption in page
    assert "0.917 to 0.987" in page, "the interval of 116 of 120"


def test_disagreements_are_listed_with_inputs_answers_and_pictures(page: str) -> None:
    text = unescape(page)
    assert "the models answered 46 of 120 samples differently; on 46 of them one is right and another wrong." in text
    assert text.count('<p class="input">') == 46 + 1, "and the one among the samples and answers"
    assert f"{46 - AT_ONCE} more</summary>" in text
    card = text[text.index("input s49") :]
    card = card[: card.index("</article>")]
    assert '<img src="data:image/png;base64,' in card
    assert re.search(r"good, same</span> <span class=\"right\">✓</span> dog", card)
    assert re.search(r"bad</span> <span class=\"wrong\">✗</span> owl", card)


def test_answers_parquet(run: RunFolder) -> None:
    frame = pd.read_parquet(run.path / "answers.parquet")
    assert len(frame) == 120 * 6
    assert frame.groupby("checkpoint")["score"].mean().round(3).to_dict() == {
        "bad": 0.583,
        "good": 0.967,
        "same": 0.967,
    }


def test_the_terminal_has_one_table_and_the_sentences(run: RunFolder) -> None:
    text = printed(run)
    assert max(map(len, text.splitlines())) <= 100
    joined = " ".join(text.split())
    assert "models on sentiment-analysis" in joined
    assert re.search(r"good +eager +0\.967 +0\.917 to 0\.987 +10\.0 ms +100 MB +✓", text)
    assert "On eager, good is better than bad" in joined
    assert "3 further comparisons are in the report." in joined
    assert printed(run, "ascii").isascii()


def test_one_model_has_no_comparison_but_its_labels_and_slices(tmp_path: Path) -> None:
    run = made.write_models(tmp_path, {"only": made.sheet(ASKED, range(9))})
    page = write_report([run.path], run.path).read_text(encoding="utf-8")
    assert "Models compared" not in page
    assert "disagree" not in page
    assert "Accuracy by slice" in page
    assert "Which labels are taken for which" in page
    assert "models on" not in printed(run)


def test_two_runs_together_compare_runs_and_no_models(tmp_path: Path) -> None:
    runs = [made.write_models(tmp_path / name, MODELS).path for name in "ab"]
    page = write_report(runs, tmp_path / "both").read_text(encoding="utf-8")
    assert "Models compared" not in page


NASTY = "<b>\x1b[2J" + "x" * 90 + "\u202e"


def test_what_strangers_write_stays_text(tmp_path: Path) -> None:
    asked = made.questions(30, [[NASTY]] * 30)
    asked.truths[:] = [NASTY if place % 2 else "" for place in range(30)]
    asked.inputs[:] = [f"{NASTY}{place}" for place in range(30)]
    models = {NASTY: made.sheet(asked, answers=[NASTY] * 30), "$x_1$": made.sheet(asked, answers=[""] * 30)}
    run = made.write_models(tmp_path, models)
    page = write_report([run.path], run.path).read_text(encoding="utf-8")
    Outline(page)
    assert "<b>" not in page
    assert "\x1b" not in page + printed(run)


def test_labels_do_not_cover_each_other(tmp_path: Path) -> None:
    """Models that are alike: each has its name in each panel, inside the figure, and none lies on another."""
    models = {f"a-model-number-{n}": made.sheet(ASKED, range(n // 3)) for n in range(6)}
    run = made.write_models(tmp_path, models, ("eager", "onnx"))
    with styled():
        figure = model_plots.accuracy_against_costs(compared(records(cells_of(run)), run.answers())[0])
        assert figure is not None
        renderer = FigureCanvasAgg(figure).get_renderer()
        figure.draw(renderer)
        for axes in figure.axes:
            boxes = []
            for text in axes.texts:
                cast(Annotation, text).update_positions(renderer)
                boxes.append(Text.get_window_extent(text, renderer))  # without the line to its point
            assert len(boxes) == 6
            overlapping = [(a, b) for a, b in combinations(range(6), 2) if boxes[a].padded(-0.5).overlaps(boxes[b])]
            assert overlapping == []
            assert all(figure.bbox.contains(x, y) for box in boxes for x, y in (box.min, box.max))


def test_a_run_without_answers_has_the_page_it_had(tmp_path: Path) -> None:
    run = made.write_models(tmp_path, {"a": MODELS["good"], "b": MODELS["bad"]})
    for name in ("answers.jsonl", "questions.jsonl"):
        (run.path / name).unlink()
    page = write_report([run.path], run.path).read_text(encoding="utf-8")
    assert "are compared with no other: the run holds no answers of theirs to each sample." in unescape(page)
    assert "is better than" not in page
