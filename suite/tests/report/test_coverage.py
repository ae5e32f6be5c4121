"""`python -m suite coverage`: every cell with a status, and what is missing."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from suite.cli.commands import main
from suite.core.cell import Status
from suite.records.columns import join
from suite.records.run_folder import RunFolder
from suite.report.coverage import print_coverage
from suite.tests.support.synthetic_run import cell


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    folder = RunFolder.create(tmp_path, "run")
    folder.append(cell(backend="eager"), "conformance", Status.PASSED, "", {})
    folder.append(cell(backend="onnx"), "conformance", Status.UNSUPPORTED, "no exporter is installed", {})
    folder.append(cell(backend="bf16"), "conformance", Status.FAILED, "it strays", {})
    return folder


def printed(run: RunFolder, expected: list[str]) -> tuple[str, list[str]]:
    stream = io.StringIO()
    missing = print_coverage(Console(file=stream, width=200), join(run.rows()), expected)
    return stream.getvalue(), missing


def test_every_cell_has_its_mark_and_every_reason_is_said(run: RunFolder) -> None:
    text, missing = printed(run, [cell(backend="eager").id])
    assert missing == []
    assert "unsupported: no exporter is installed" in text
    assert "failed: it strays" in text
    assert "1 passed" in text


def test_a_cell_without_a_status_is_named(run: RunFolder) -> None:
    absent = cell(backend="compile").id
    text, missing = printed(run, [cell(backend="eager").id, absent])
    assert missing == [absent]
    assert f"missing: {absent}" in text


def test_a_run_of_a_part_of_the_matrix_is_not_complete(
    run: RunFolder, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    run.write_conditions({"weights": "miniature", "cells": []})
    assert main(["coverage", "run", "--results", str(tmp_path)]) == 1
    assert "missing" in capsys.readouterr().out
