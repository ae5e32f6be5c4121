"""The table in the terminal."""

from __future__ import annotations

import io
import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console

from suite.core.cell import Status
from suite.core.errors import UsageError, sentence
from suite.records.run_folder import RunFolder
from suite.report import number_format, print_summary
from suite.report.coverage import print_coverage
from suite.report.status_symbols import SYMBOLS, verdict
from suite.tests.support.synthetic_run import CHECKPOINTS, SPEED, cell, write_run


def printed(folder: Path, encoding: str = "utf-8") -> str:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    print_summary(Console(file=stream, width=100), folder)
    stream.seek(0)
    return stream.read()


def test_the_table_fits_and_is_complete(tmp_path: Path) -> None:
    text = printed(write_run(tmp_path, cycles=2))
    assert max(map(len, text.splitlines())) <= 100
    for name in (*CHECKPOINTS, *SPEED):
        assert name in text
    assert "0.930 ✓" in text
    assert "2 unsupported" in text


def test_more_backends_than_fit_continue_below(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path, "run")
    for index in range(11):
        run.append(cell(backend=f"b{index}"), "latency", Status.PASSED, "", {"latency_p50_ms": 1234.5})
    text = printed(run.path)
    assert max(map(len, text.splitlines())) <= 100
    assert text.count("capability") == 2
    assert "b10" in text


def test_what_trains_has_a_table_of_its_own(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path, "run")
    fields = {"accuracy": 0.5, "latency_p50_ms": 12.0}
    for index in range(7):
        run.append(cell(backend=f"b{index}"), "latency", Status.PASSED, "", fields)
    for name in ("eager", "checkpointing"):
        run.append(cell("fine-tuning", name, work="training"), "latency", Status.PASSED, "", fields)
    text = printed(run.path)
    answering, training = text.split("training: accuracy afterwards, and time of a step")
    assert "fine-tuning" not in answering
    assert "checkpointing" not in answering
    assert "sentiment-analysis" not in training
    assert "b3" not in training
    assert "checkpointing" in training


def test_ascii_terminals_get_ascii(tmp_path: Path) -> None:
    assert printed(write_run(tmp_path, cycles=2), "ascii").isascii()


def test_nothing_measured(tmp_path: Path) -> None:
    assert "Nothing was measured." in printed(RunFolder.create(tmp_path, "run").path)


def test_every_status_has_a_symbol_of_its_own() -> None:
    assert set(SYMBOLS) == set(Status)
    assert (
        len({symbol.unicode for symbol in SYMBOLS.values()})
        == len({symbol.ascii for symbol in SYMBOLS.values()})
        == len(Status)
    )


def test_verdicts() -> None:
    assert verdict([]) == "Nothing was measured."
    assert verdict(["passed", "passed", "unsupported"]) == "All 2 supported cells passed."
    assert verdict(["unsupported"]) == "No cell is supported here."
    assert verdict(["passed", "failed", "oom"]) == ("1 of 3 supported cells passed, 1 failed, 1 could not be measured.")


def test_numbers_read_well() -> None:
    texts = [number_format.significant(x) for x in (0, 0.01234, 0.9996, 9.996, 1234.5, 2e6, -0.5, None, float("nan"))]
    assert texts == [
        "0",
        "0.0123",
        "1.00",
        "10.0",
        "1,230",
        "2,000,000",
        "-0.500",
        number_format.MISSING,
        number_format.MISSING,
    ]
    assert number_format.duration(0.0004) == "0.40 µs"
    assert number_format.percent(0.9937) == "99.4 %"


def test_no_name_and_no_reason_steers_the_terminal(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path, "run")
    nasty = "x\x1b]0;owned\x07\x1b[2J\u202e[bold]"
    rows: list[dict[str, Any]] = []
    for name in ("one", "two"):
        this = cell(f"cap{nasty}", f"eager{nasty}", checkpoint=name + nasty)
        rows.append(
            {**asdict(this), "cell": this.id, "status": "failed", "reason": nasty, "run": "run", "check": "latency"}
        )
    (run.path / "cells.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    stream = io.StringIO()
    console = Console(file=stream, width=400)
    print_summary(console, run.path)
    print_coverage(console, rows, [f"missing{nasty}/x/y"])
    print(sentence(UsageError(f"no such model {nasty}")), file=stream)
    text = stream.getvalue()
    assert text.count("owned") > 8
    assert "[bold]" in text
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", text)
