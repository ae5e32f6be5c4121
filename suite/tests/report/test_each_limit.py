"""Every bound of a page by itself: no more than that is shown, and the page says so."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from suite.analysis.models_compared import Comparison, Measured
from suite.core.cell import Status
from suite.records.run_folder import RunFolder
from suite.report import captions, figure_descriptions, write_report
from suite.report.gallery import Gallery
from suite.report.limits import (
    LONGEST_NAME,
    LONGEST_TEXT,
    MOST_DESCRIBED,
    MOST_DOUBLINGS,
    MOST_FIGURE_ROWS,
    MOST_LABELS,
    MOST_MODEL_MARKS,
    MOST_STRIPS,
    MOST_TICKS,
    Limits,
)
from suite.report.model_plots import accuracy_against_costs
from suite.report.models_section import _costs
from suite.report.plots import latency_distribution, run_medians, speedup, styled
from suite.report.svg import inline_svg
from suite.report.tables import matrix
from suite.task.sample_answer import SampleAnswer
from suite.tests.support import answer_sheets as made
from suite.tests.support.synthetic_run import cell, write_run

LETTER = "\u00e6"
"""It stands in no word of ours."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty cells of five capabilities with all that has a bound: models, notes, samples, what did not pass."""
    folder = tmp_path_factory.mktemp("results")
    asked = made.questions(30)
    made.write_models(folder, {f"model-{number}": made.sheet(asked, range(3 * number)) for number in range(5)})
    models = RunFolder(folder / "run")
    run = RunFolder(write_run(folder, "many", cycles=2))
    for name in ("cells.jsonl", "samples.jsonl", "answers.jsonl", "questions.jsonl"):
        lines = (
            (models.path / name)
            .read_text()
            .replace("sentiment-analysis", "compared")
            .replace('"run": "run"', '"run": "many"')
        )
        with (run.path / name).open("a") as file:
            file.write(lines)
    run.append(cell("translation", "bf16"), "fidelity", Status.PASSED, "", {"notes": {"another": "note"}})
    shown = [SampleAnswer(str(number), f"input {number}", "truth", "answer", None, None) for number in range(3)]
    run.append_sample_answers(cell("translation"), shown)
    return run.path


def section(page: str, name: str) -> str:
    """What stands in one section of the page."""
    start = page.index(f'<section id="{name}">')
    return page[start : page.index("</section>", start)]


def rows(table: str) -> Callable[[str], int]:
    """How many rows all tables of a kind have together."""
    return lambda page: sum(
        one.count("<tr>") for one in re.findall(rf'<table class="sorted {table}">.*?<tbody>(.*?)</tbody>', page, re.S)
    )


BOUNDS: dict[str, tuple[int, Callable[[str], int], str]] = {
    "rows": (12, rows("measured"), r"Shown are 2 of \d cells, those that did not pass first; all are in cells\.csv"),
    "matrix_rows": (2, rows("matrix"), "Shown are 2 of 6 capabilities; all are in cells.csv"),
    "sections": (2, lambda page: page.count(">Answers, log and command"), "Shown are 2 of 6 capabilities; all are in"),
    "reasons": (
        2, lambda page: section(page, "not-passed").count("<li>"),
        r"Shown are 2 of \d+ cells that did not pass, the worst first; all are in cells\.csv",
    ),
    "section_reasons": (
        1, lambda page: section(page, "text-generation").count("<p>"),
        r"Shown are 1 of \d cells that did not pass, the worst first; all are in cells\.csv",
    ),
    "notes": (1, lambda page: section(page, "notes").count("<code>"), "Shown are 1 of 2 notes; all are in cells.csv"),
    "noted_cells": (2, lambda page: section(page, "notes").count("/int8"), r"/int8, and \d more</code>"),
    "model_rows": (
        3, lambda page: rows("models")(page) // 2,
        r"Shown are 3 of 5 cells; all are in cells\.csv(?s:.*)Shown are 3 of 10 comparisons, those of the smallest p",
    ),
    "answered": (
        2, lambda page: section(page, "translation").count("<article"), "Shown are 2 of 3 samples; all are in exhibits",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BOUNDS)
def test_no_more_is_shown_and_the_page_says_so(
    name: str, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    most, count, sentence = BOUNDS[name]
    monkeypatch.setattr(Limits, "of", lambda _: dataclasses.replace(Limits(illustrated=0), **{name: most}))
    page = unescape(write_report([run], tmp_path).read_text(encoding="utf-8"))
    assert count(page) == most
    assert re.search(sentence, page)


def test_without_a_bound_nothing_is_said_to_be_left_out(run: Path, tmp_path: Path) -> None:
    page = unescape(write_report([run], tmp_path).read_text(encoding="utf-8"))
    assert "Shown are" not in page
    assert "outside" not in page
    for name, (most, count, sentence) in BOUNDS.items():
        assert count(page) != most, name
        assert not re.search(sentence, page), name


def test_every_bound_has_such_a_test() -> None:
    elsewhere = {"illustrated", "added_rows"}  # test_limits.py, plugin/test_extensions.py
    assert set(BOUNDS) | elsewhere == {field.name for field in dataclasses.fields(Limits)}


def test_the_list_of_commands_says_what_its_table_says(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Limits, "of", lambda _: Limits(illustrated=0, rows=12))
    page = unescape(write_report([run], tmp_path).read_text(encoding="utf-8"))
    for text in re.findall(r'<ul class="cells">.*?</details>', page, re.S):
        assert text.count("<li") == 2
        assert re.search(r"Shown are 2 of \d cells", text)


def test_no_text_of_a_stranger_is_longer_than_there_is_room(tmp_path: Path) -> None:
    long = LETTER * 5000
    run = RunFolder.create(tmp_path, "run")
    run.write_conditions({"warnings": [long], "cells": [long]})
    for backend in ("eager", long):
        this = cell(long, backend, checkpoint=long, checkpoint_id=long, architecture=long)
        run.append_rounds(this, [{"cycle": i, "order": 0, "latency_ms": [1.0, 2.0]} for i in range(3)])
        measured = {"accuracy": 0.5, "latency_p50_ms": 1.5, "peak_rss_mb": 1.0, "size_mb": 3.0, "notes": {"note": long}}
        run.append(this, "latency", Status.FAILED, long, measured)
    run.append_sample_answers(cell(long, checkpoint=long), [SampleAnswer("0", long, long, long, None, None)])
    page = write_report([run.path], run.path).read_text(encoding="utf-8")
    visible = re.sub(r'id="[^"]*"|href="[^"]*"', "", page)  # those end in no reader's eye
    found = {len(match) for match in re.findall(f"{LETTER}+", visible)}
    assert max(found) == LONGEST_TEXT - 1
    assert LONGEST_NAME - 1 in found
    assert len(page) < 60_000


def test_names_of_runs_that_are_compared_are_cut(tmp_path: Path) -> None:
    for name in ("a", "b"):
        run = RunFolder.create(tmp_path, name)
        run.write_conditions({"run": name, "threads": len(tmp_path.name) if name == "a" else 1})
        this = cell(LETTER * 5000, "eager", checkpoint=LETTER * 4000)
        run.append(this, "latency", Status.PASSED, "", {"latency_p50_ms": 1.5})
    page = write_report([tmp_path / "a", tmp_path / "b"], tmp_path / "both").read_text(encoding="utf-8")
    visible = re.sub(r'id="[^"]*"|href="[^"]*"', "", page)
    assert max(len(match) for match in re.findall(f"{LETTER}+", visible)) <= LONGEST_NAME


def many(number: int) -> pd.DataFrame:
    return pd.DataFrame({
        "run": "r", "capability": "c", "checkpoint": [f"m{i}" for i in range(number)], "backend": "eager",
        "status": "passed", "accuracy": 0.9, "accuracy_stderr": 0.01, "latency_p50_ms": np.linspace(5, 9, number),
        "speedup": 2.0, "low": 1.5, "high": 2.5, "peak_rss_mb": 5.0,
    })  # fmt: skip


def test_the_overview_of_single_cells_is_bounded() -> None:
    table = matrix(many(500), 40)
    assert len(table.rows) == 40
    assert table.note == "Shown are 40 of 500 checkpoints; all are in cells.csv."
    assert matrix(many(40), 40).note == ""


def test_rows_of_figures_are_bounded() -> None:
    table = many(500)
    calls = table[["capability", "checkpoint", "backend"]].assign(latency_ms=3.0)
    with styled():
        for figure, most in (
            (speedup(table), MOST_FIGURE_ROWS), (run_medians(table, {"r": "A"}), MOST_FIGURE_ROWS),
            (latency_distribution(calls, ["eager"]), MOST_STRIPS),
        ):  # fmt: skip
            assert figure is not None
            assert len(re.findall(r">[^<>]*m\d+<", inline_svg(figure, "f", ""))) == most


def test_calls_of_a_strip_are_bounded() -> None:
    calls = pd.DataFrame(
        {"capability": "c", "checkpoint": "m", "backend": "eager", "latency_ms": np.linspace(1, 2, 9999)}
    )
    with styled():
        figure = latency_distribution(calls, ["eager"])
        assert figure is not None
        assert np.size(figure.axes[0].lines[0].get_xdata()) == 3 * MOST_TICKS


def compared(models: int) -> Comparison:
    names = tuple(f"model-{number}" for number in range(models))
    measured = tuple(
        Measured(name, "eager", "passed", 0.5 + 0.4 * number / models, None, None, 10, 1.0 + number, 5.0 + number, 5.0)
        for number, name in enumerate(names)
    )
    return Comparison("c", names, ("eager",), measured, ())


def test_models_of_a_figure_are_bounded_and_what_is_not_named_is_said() -> None:
    with styled():
        figure = accuracy_against_costs(compared(500))
        assert figure is not None
        panel = figure.axes[0]
        assert len(panel.lines) == MOST_MODEL_MARKS
        assert 0 < sum(text.get_text().startswith("model-") for text in panel.texts) <= MOST_LABELS
        crowd, few = _costs("c", compared(500), Gallery()), _costs("c", compared(3), Gallery())
    assert crowd is not None
    assert few is not None
    assert f"Shown are {MOST_MODEL_MARKS} of 500 cells" in crowd.caption
    assert "Not every model is named" in crowd.caption
    assert "Shown" not in few.caption
    assert "named" not in few.caption


def test_what_is_read_out_is_bounded() -> None:
    table = many(500).assign(capability="c" * 5000)
    for text in (
        figure_descriptions.measured(table, "peak_rss_mb", "Memory", "MB"), figure_descriptions.accuracies(table),
        figure_descriptions.speedups(table),
    ):  # fmt: skip
        assert text.count("eager") <= MOST_DESCRIBED
        assert f"and {500 - MOST_DESCRIBED} more" in text
        assert len(text) < 2 * LONGEST_NAME * MOST_DESCRIBED


def test_ratios_beyond_the_ends_of_a_figure_are_said() -> None:
    largest = 2.0**MOST_DOUBLINGS
    said = captions.ratios_left_out(pd.DataFrame({"speedup": [1.0, largest, 1.01 * largest, 0.99 / largest]}))
    assert said.startswith("Of 2 the dot lies outside: more than 256 times")
    assert captions.ratios_left_out(pd.DataFrame({"speedup": [1.0, largest]})) == ""
