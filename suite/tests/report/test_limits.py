"""A page of many cells: bounded, saying what it leaves out, and no larger than it may be."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Sequence
from html import unescape
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from suite.analysis.answers_compared import Confusion
from suite.analysis.models_compared import Comparison, Measured
from suite.benchmarks.report_scaling import write_run
from suite.records.run_folder import RunFolder
from suite.report import write_report
from suite.report.figure_layout import text_size
from suite.report.limits import PAGE_BYTES, Limits, shares, spread
from suite.report.model_plots import accuracy_against_costs, confusion
from suite.report.plots import accuracy_against_latency, costs, latency_distribution, run_medians, speedup, styled
from suite.report.sample_answers import MediaBudget, by_capability
from suite.report.svg import inline_svg
from suite.tests.report.test_html import Outline

LONG = "x" * 5000


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> str:
    run = write_run(tmp_path_factory.mktemp("results") / "run", 4000)
    return write_report([run], run).read_text(encoding="utf-8")


def test_it_is_small_and_sound(many: str) -> None:
    Outline(many)
    assert len(many.encode()) < PAGE_BYTES
    assert many.count("<svg") < 40
    assert many.count("<tr>") < 6000


def test_it_says_what_it_leaves_out_and_where_that_is(many: str) -> None:
    text = unescape(many)
    said = re.findall(r"Shown are ([\d,]+) of ([\d,]+) ([^;]*); all are in ([^<]*?)\.(?: |<|$)", text)
    assert {where for *_, where in said} >= {"cells.csv", "samples.parquet", "exhibits.jsonl"}
    assert all(int(shown.replace(",", "")) < int(total.replace(",", "")) for shown, total, *_ in said)
    assert any(what == "cells, those that did not pass first" for _, _, what, _ in said)
    assert any(what == "checkpoints" for _, _, what, _ in said)
    assert "of 16 passed" in text or "of 15 passed" in text, "the overview counts cells of a kind"


def test_a_capability_without_figures_says_so(many: str) -> None:
    assert many.count("Figures of 4 of 32 capabilities are on the page; the option --plots") == 28


def test_the_option_plots_draws_them_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Limits, "of", lambda _: Limits(illustrated=1))
    run = write_run(tmp_path / "run", 24)
    page = write_report([run], run, with_plots=True).read_text(encoding="utf-8")
    saved = {path.name for path in (run / "plots").iterdir()}
    assert {f"latency-capability-{number:02d}.png" for number in range(3)} <= saved
    assert {f"accuracy-capability-{number:02d}.png" for number in range(3)} <= saved
    assert page.count("<svg") == 5
    assert page.count("Figures of 1 of 3 capabilities are on the page; the option --plots") == 2


def test_pictures_for_which_there_is_no_room_are_counted(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", 8)
    rows = RunFolder(run).sample_answers()
    for number, row in enumerate(rows):
        row |= {"answer": str(number), "sample": "0"}
    shown = by_capability(run, rows, 24, MediaBudget(10_000))["capability-00"]
    drawn = sum(answer.picture is not None for answer in shown.samples[0].answers)
    assert 0 < drawn < len(rows)
    assert shown.note.startswith(
        f"{len(rows) - drawn} pictures and sounds are left out, since the page has room for 3 MB"
    )
    assert "exhibits" in shown.note
    assert by_capability(run, rows, 24, MediaBudget())["capability-00"].note == ""


def test_figures_beyond_those_that_a_page_holds_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("suite.report.gallery.MOST", 3)
    run = write_run(tmp_path / "run", 8)
    page = write_report([run], run).read_text(encoding="utf-8")
    assert page.count("<svg") == 3
    assert "2 figures are not on this page, which holds 3: the option --plots" in page


def test_panels_beyond_those_that_a_figure_holds_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("captions", "plots"):
        monkeypatch.setattr(f"suite.report.{module}.MOST_PANELS", 2)
    run = write_run(tmp_path / "run", 16)
    text = unescape(write_report([run], run).read_text(encoding="utf-8"))
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", text)
    assert sum("Shown are 2 of 8 backends; all are in cells.csv" in caption for caption in captions) == 2
    assert sum("Shown are 2 of 6 backends; all are in cells.csv" in caption for caption in captions) == 1


def test_what_did_not_pass_is_shown_first(many: str) -> None:
    table = many[many.index("Measurements of capability-00</caption>") :]
    statuses = re.findall(r'<td class="s-([a-z-]+)">', table[: table.index("</table>")])
    assert "failed" in statuses
    assert statuses == sorted(statuses, key=["failed", "passed"].index)


def test_long_texts_make_a_page_of_fewer_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = write_run(tmp_path / "run", 224)
    full = len(write_report([run], run).read_bytes())
    monkeypatch.setattr("suite.report.limits.PAGE_BYTES", full * 2 // 3)
    page = write_report([run], run).read_text(encoding="utf-8")
    assert len(page.encode()) <= full * 2 // 3
    assert "all are in cells.csv" in page


@pytest.mark.parametrize(("sizes", "most", "expected"), [
    ([5, 5], 100, [5, 5]), ([1, 100], 11, [1, 10]), ([100, 1, 100], 21, [10, 1, 10]), ([], 5, []), ([3], 0, [0]),
])  # fmt: skip
def test_shares(sizes: Sequence[int], most: int, expected: Sequence[int]) -> None:
    assert shares(sizes, most) == expected


def test_spread_keeps_the_order_and_the_first() -> None:
    assert spread(list(range(10)), 3) == [0, 3, 6]
    assert spread([1, 2], 3) == [1, 2]


def test_tighter_limits_end_at_one() -> None:
    limits = Limits()
    for _ in range(20):
        limits = limits.tighter()
    assert set(vars(limits).values()) == {1}


def cells(number: int) -> pd.DataFrame:
    return pd.DataFrame({
        "run": "r", "capability": "c", "checkpoint": [f"m{i}" for i in range(number)], "backend": "eager",
        "status": "passed", "accuracy": np.linspace(0.5, 0.9, number), "accuracy_stderr": 0.01,
        "latency_p50_ms": np.linspace(9, 5, number), "peak_rss_mb": 5.0,
    })  # fmt: skip


def test_marks_and_labels_of_a_figure_are_bounded() -> None:
    calls = pd.DataFrame({
        "capability": "c", "checkpoint": [f"m{i}" for i in range(500)] * 3, "backend": "eager", "latency_ms": 3.0
    })  # fmt: skip
    with styled():
        for figure in (
            accuracy_against_latency(cells(5000)), latency_distribution(calls, ["eager"]),
            costs(cells(500), "peak_rss_mb", "MB"),
        ):  # fmt: skip
            assert figure is not None
            svg = inline_svg(figure, "f", "text")
            assert len(svg) < 60_000
            assert svg.count("<text") < 70


def test_the_best_cell_is_among_those_drawn() -> None:
    with styled():
        figure = accuracy_against_latency(cells(5000))
        assert figure is not None
        assert "m4999" in inline_svg(figure, "f", "")


def test_a_figure_holds_nothing_that_it_does_not_need() -> None:
    with styled():
        figure = accuracy_against_latency(cells(3))
        assert figure is not None
        svg = inline_svg(figure, "figure_1", 'a "b" <c>')
        plain = io.StringIO()
        figure.savefig(plain, format="svg")
    assert len(svg) < 0.6 * len(plain.getvalue())
    assert not re.search(r"\d\.\d\d", re.sub(r"<text[^>]*>[^<]*|style=\"[^\"]*\"", "", svg)), "a tenth of a point"
    assert "font-family" not in svg
    assert "<g>" not in svg
    assert ">eager · m2</text>" in svg, "text is text"
    assert 'aria-label="a &quot;b&quot; &lt;c&gt;"' in svg


def test_texts_in_a_figure_are_left_alone() -> None:
    name = 'd="1.2345" x: y; rotate(0 url(#a)'
    with styled():
        figure = accuracy_against_latency(cells(2).assign(checkpoint=[name[:28], "b"]))
        assert figure is not None
        svg = inline_svg(figure, "f", "")
    assert f"eager · {name[:28]}" in unescape(svg)


@pytest.mark.parametrize("named", ["short", "long", "wide"])
def test_no_text_of_a_figure_is_cut_off(named: str) -> None:
    """Every line of text lies inside its figure, as wide as the font is: the latency figure's title did not."""
    wide = cells(6).assign(capability="a-capability-with-a-very-long-name-indeed-long")
    wide["checkpoint"] = [f"{i}-{'checkpoint-with-a-long-name' * 3}" for i in range(6)]
    if named == "long":
        wide["backend"] = [f"{i}-{'a-backend-with-a-long-name-' * 5}" for i in range(6)]
    if named == "wide":
        wide["capability"] = "W" * 120
        wide["checkpoint"] = wide["backend"] = [f"{i}{'W' * 120}{i}" for i in range(6)]
    backends = list(wide["backend"].unique())
    calls = wide[["capability", "checkpoint", "backend"]].assign(latency_ms=[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    faster = wide.assign(speedup=2.0, low=1.5, high=2.5)
    compared = Comparison(
        "c", tuple(wide["checkpoint"]), tuple(backends),
        tuple(Measured(c, b, "passed", 0.8, 0.7, 0.9, 10, 1.0 + i, 5.0 + i, 5.0)
              for i, (c, b) in enumerate(zip(wide["checkpoint"], wide["backend"], strict=True))),
        (),
    )  # fmt: skip
    crowd = Comparison("c", tuple(f"model-of-the-crowd-{i}" for i in range(20)), ("eager",), tuple(
        Measured(f"model-of-the-crowd-{i % 20}", "eager", "passed", 0.8 + 0.1 * (i * 0.618 % 1), 0.7, 0.95, 10,
                 50.0 - 10 * (i * 0.382 % 1) ** 4, 90.0 - 20 * (i * 0.382 % 1) ** 4, 5.0) for i in range(40)
    ), ())  # fmt: skip
    labels, counts = (LONG, f"good {LONG}", "good"), np.full((3, 3), 7)
    confused = [Confusion("W" * 120, labels, counts, ()), *(Confusion(f"m{i}", labels, counts, ()) for i in range(4))]
    with styled():
        for figure in (
            accuracy_against_latency(wide), latency_distribution(calls, backends), costs(wide, "peak_rss_mb", "MB"),
            speedup(faster), run_medians(wide.assign(run="r"), {"r": "A"}), accuracy_against_costs(compared),
            confusion(confused), accuracy_against_costs(crowd),
        ):  # fmt: skip
            assert figure is not None
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # matplotlib's own, of a layout that collapsed
                svg = inline_svg(figure, "f", "")
            box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
            assert box is not None
            for style, x, rest, text in re.findall(r'<text style="([^"]*)" x="([-\d.]+)"([^>]*)>([^<]*)', svg):
                if "rotate(-" in rest:
                    continue
                width = text_size(unescape(text), float(re.findall(r"font-size:([\d.]+)px", style)[0]))[0]
                anchor = (re.findall(r"text-anchor:(\w+)", style) or [""])[0]
                before = {"end": width, "middle": width / 2}.get(anchor, 0)
                assert float(x) - before > -2, text
                assert float(x) - before + width < float(box[1]) + 2, text
