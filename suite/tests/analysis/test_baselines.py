"""Committed baselines: a table without lines, reported alone and compared with a run."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from suite.analysis.frames import load, read_csv
from suite.cli.commands import main
from suite.core.errors import UsageError
from suite.core.files import project_root
from suite.records.columns import CELL_COLUMNS
from suite.records.run_folder import RunFolder
from suite.report import write_report
from suite.tests.support.synthetic_run import write_run

SHIPPED = project_root() / "results" / "baselines" / "epyc-2-cores"
CAPABILITY = "sentiment-analysis"


@pytest.fixture
def baseline(tmp_path: Path) -> Path:
    """The shipped baseline with the rows of one capability, which are drawn in a few seconds."""
    folder = tmp_path / "baselines" / SHIPPED.name
    folder.mkdir(parents=True)
    shutil.copy(SHIPPED / "run.json", folder)
    with (SHIPPED / "cells.csv").open(encoding="utf-8", newline="") as source:
        rows = list(csv.DictReader(source))
    with (folder / "cells.csv").open("w", encoding="utf-8", newline="") as target:
        writer = csv.DictWriter(target, rows[0])
        writer.writeheader()
        writer.writerows(row for row in rows if row["capability"] == CAPABILITY)
    return folder


def test_every_cell_of_the_shipped_baseline_is_read() -> None:
    cells, samples, conditions = load([SHIPPED])
    selected = json.loads((SHIPPED / "run.json").read_text(encoding="utf-8"))["cells"]
    assert sorted(cells["cell"]) == sorted(selected)
    assert list(cells.columns) == list(CELL_COLUMNS)
    assert set(cells["run"]) == {conditions[0]["run"]} == {SHIPPED.name}
    assert samples.empty


def test_a_table_in_parquet_is_the_same(tmp_path: Path) -> None:
    read_csv(SHIPPED / "cells.csv").to_parquet(tmp_path / "cells.parquet", index=False)
    shutil.copy(SHIPPED / "run.json", tmp_path)
    pd.testing.assert_frame_equal(load([tmp_path])[0].drop(columns="run"), load([SHIPPED])[0].drop(columns="run"))


def test_a_baseline_alone_is_reported_beside_the_runs(
    baseline: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path.name: path.read_bytes() for path in baseline.iterdir()}
    assert main(["report", str(baseline), "--results", str(tmp_path / "results")]) == 0
    page = tmp_path / "results" / "report-epyc-2-cores" / "report.html"
    assert str(page) in capsys.readouterr().out
    assert {path.name: path.read_bytes() for path in baseline.iterdir()} == before
    text = page.read_text(encoding="utf-8")
    assert "8 of 8 supported cells passed" in text or "All 8 supported cells passed" in text
    assert "has no samples.jsonl" in text
    assert 'aria-label="Accuracy against median latency' in text


def test_a_baseline_is_compared_with_a_run(baseline: Path, tmp_path: Path) -> None:
    run = write_run(tmp_path / "results", "mine", capabilities=[CAPABILITY], backends=["eager", "onnx"], cycles=2)
    lines = (run / "cells.jsonl").read_text(encoding="utf-8")
    checkpoint = load([baseline])[0]["checkpoint"].iloc[0]
    (run / "cells.jsonl").write_text(lines.replace("distilbert-sst2", checkpoint), encoding="utf-8")
    assert main(["report", str(baseline), "mine", "--results", str(tmp_path / "results")]) == 0
    folder = tmp_path / "results" / "comparison"
    with (folder / "comparison.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["name"]: list(row.values())[2:4] for row in csv.DictReader(file)}
    assert rows[f"{CAPABILITY}/{checkpoint}/eager"] == ["passed", "passed"]
    assert rows[f"{CAPABILITY}/{checkpoint}/fp16"] == ["passed", "not run"]
    assert set(read_csv(folder / "cells.csv")["run"]) == {SHIPPED.name, "mine"}
    assert 'aria-label="B against A' in (folder / "report.html").read_text(encoding="utf-8")


def test_a_baseline_is_covered(baseline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["coverage", str(baseline)]) == 1
    output = capsys.readouterr().out
    assert "8 passed" in output
    assert f"{CAPABILITY}/" not in output


def test_the_table_of_a_run_that_measured_nothing_is_not_a_baseline(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path, "run")
    run.write_conditions({})
    write_report([run.path], run.path)
    assert main(["report", "run", "--results", str(tmp_path)]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    assert load([run.path])[0].empty


@pytest.mark.parametrize(
    "table", ["a,b\n1,2\n", "run,cell,status\nr,a/b/eager,splendid\n", "run,cell,status,accuracy\nr,c,passed,x\n"]
)
def test_a_table_that_is_not_of_cells_is_a_sentence(tmp_path: Path, table: str) -> None:
    (tmp_path / "cells.csv").write_text(table, encoding="utf-8")
    with pytest.raises(UsageError, match="cannot be read as the cells of a run"):
        load([tmp_path])


def test_the_table_of_a_comparison_is_not_a_run(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / "results", name, capabilities=[CAPABILITY], cycles=2) for name in "ab"]
    write_report(runs, tmp_path / "comparison")
    with pytest.raises(UsageError, match="several runs"):
        load([tmp_path / "comparison"])
