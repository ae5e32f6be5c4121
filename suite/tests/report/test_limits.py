"""A page of many cells: bounded, saying what it leaves out, and no larger than it may be."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from html import unescape
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from suite.benchmarks.report_scaling import write_run
from suite.report import write_report
from suite.report.figure_layout import text_size
from suite.report.limits import PAGE_BYTES, Limits, shares, spread
from suite.report.plots import accuracy_against_latency, costs, latency_distribution, styled
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


def test_no_text_of_a_figure_is_cut_off() -> None:
    """Every line of text lies inside its figure, as wide as the font is: the latency figure's title did not."""
    wide = cells(6).assign(capability="a-capability-with-a-very-long-name-indeed-long")
    wide["checkpoint"] = [f"{i}-{'checkpoint-with-a-long-name' * 3}" for i in range(6)]
    calls = wide[["capability", "checkpoint", "backend"]].assign(latency_ms=[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    with styled():
        for figure in (
            accuracy_against_latency(wide), latency_distribution(calls, ["eager"]), costs(wide, "peak_rss_mb", "MB"),
        ):  # fmt: skip
            assert figure is not None
            svg = inline_svg(figure, "f", "")
            box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
            assert box is not None
            for style, x, text in re.findall(r'<text style="([^"]*)" x="([-\d.]+)"[^>]*>([^<]*)', svg):
                width = text_size(unescape(text), float(re.findall(r"font-size:([\d.]+)px", style)[0]))[0]
                anchor = (re.findall(r"text-anchor:(\w+)", style) or [""])[0]
                before = {"end": width, "middle": width / 2}.get(anchor, 0)
                assert float(x) - before > -2, text
                assert float(x) - before + width < float(box[1]) + 2, text
