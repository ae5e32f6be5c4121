"""What backends say of their numbers stands beside the figures of these, in their own words."""

from __future__ import annotations

import json
from html import unescape
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from suite.core.cell import Status
from suite.core.runnable import ON_MEMORY, ON_SPEED
from suite.records.run_folder import RunFolder
from suite.report import backend_notes, write_report
from suite.report.backend_notes import remarks, small_weights
from suite.tests.support.synthetic_run import cell, write_run

SLOW, LARGE = "Each layer turns round <twice>.", "It keeps what it had."


def noted(*rows: tuple[str, Any]) -> pd.DataFrame:
    return pd.DataFrame([
        {"cell": f"c/m/{backend}", "backend": backend, "notes": note if isinstance(note, str) else json.dumps(note)}
        for backend, note in rows
    ])  # fmt: skip


def run_with_remarks(results: Path, name: str = "run") -> Path:
    run = RunFolder(write_run(results, name, capabilities=["translation"], cycles=2))
    for backend in ("int8", "onnx"):
        notes = {"quantized": 2, ON_SPEED: SLOW, ON_MEMORY: LARGE}
        run.append(cell("translation", backend), "conformance", Status.PASSED, "", {"notes": notes})
    return run.path


def test_they_stand_beside_their_figures_and_once(tmp_path: Path) -> None:
    run = run_with_remarks(tmp_path)
    page = write_report([run], run).read_text(encoding="utf-8")
    assert "<twice>" not in page
    text = unescape(page)
    assert text.count(f"<li>int8, onnx: {SLOW}</li>") == text.count(SLOW) == 1
    assert text.count(f"<li>int8, onnx: {LARGE}</li>") == text.count(LARGE) == 1
    assert text.index('<section id="speed-up">') < text.index(SLOW) < text.index('<section id="memory">')
    assert text.index('<section id="memory">') < text.index(LARGE) < text.index('<section id="translation">')
    assert "quantized: 2" in text[text.index('<section id="notes">') :]


def test_a_comparison_of_runs_has_them_too(tmp_path: Path) -> None:
    runs = [run_with_remarks(tmp_path, name) for name in ("a", "b")]
    text = unescape(write_report(runs, tmp_path / "both").read_text(encoding="utf-8"))
    assert text.count(SLOW) == text.count(LARGE) == 1


def test_equal_sentences_are_told_once_and_others_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend_notes, "MOST_REMARKS", 2)
    said = [(f"b{number}", {ON_SPEED: f"reason {number // 2}"}) for number in range(8)]
    assert remarks(noted(*said), ON_SPEED) == [
        "b0, b1: reason 0", "b2, b3: reason 1", "Shown are 2 of 4 remarks of backends; all are in cells.csv.",
    ]  # fmt: skip
    assert remarks(noted(*said), ON_MEMORY) == []


@pytest.mark.parametrize("written", ["", "no JSON", "[1]", "3", '"text"', {ON_SPEED: ""}])
def test_what_a_file_of_other_origin_holds_is_no_remark(written: Any) -> None:
    assert remarks(noted(("b", written)), ON_SPEED) == []


def test_the_page_says_where_memory_is_not_the_model_s() -> None:
    cells = pd.DataFrame({"peak_rss_mb": [100.0, 100.0, 100.0, 0.0, None], "size_mb": [1.0, 9.0, 50.0, 1.0, 1.0]})
    assert small_weights(cells).startswith("In 2 of 3 cells the weights are less than a tenth of it:")
    assert small_weights(cells[2:]) == ""
