"""Records to frames to CSV and back."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pandas as pd
import pytest

from suite.analysis.frames import INTEGER_COLUMNS, TEXT_COLUMNS, load, read_csv, write_csv
from suite.analysis.status_changes import write_changes
from suite.core.cell import Status
from suite.core.errors import UsageError
from suite.core.privacy import scrub
from suite.course.report import COLUMNS, write_course
from suite.records.columns import CELL_COLUMNS
from suite.records.run_folder import RunFolder
from suite.tests.support.synthetic_run import cell, write_run

READ_AS_MISSING_BY_PANDAS = [
    "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA", "NULL",
    "NaN", "None", "n/a", "nan", "null",
]  # fmt: skip


def test_one_row_per_cell_and_one_per_call(tmp_path: Path) -> None:
    run = write_run(tmp_path, capabilities=["translation"], cycles=3)
    cells, samples, conditions = load([run])
    assert list(cells.columns) == list(CELL_COLUMNS)
    assert len(cells) == 8
    assert set(samples.groupby("cell").size()) == {3 * 12}
    assert conditions[0]["run"] == "run"
    eager = samples[samples["backend"] == "eager"]
    assert eager["ttft_ms"].notna().all()
    assert set(eager["checkpoint"]) == {"t5-small"}


def test_types_hold_even_without_rows(tmp_path: Path) -> None:
    RunFolder.create(tmp_path, "empty").write_conditions({})
    for cells, _, _ in (
        load([tmp_path / "empty"]),
        load([write_run(tmp_path, capabilities=["translation"], cycles=2)]),
    ):
        assert {str(cells[name].dtype) for name in TEXT_COLUMNS} == {"str"}
        assert {str(cells[name].dtype) for name in INTEGER_COLUMNS} == {"Int64"}
        others = set(CELL_COLUMNS) - set(TEXT_COLUMNS) - set(INTEGER_COLUMNS)
        assert {str(cells[name].dtype) for name in others} == {"float64"}


def test_csv_comes_back_as_it_was(tmp_path: Path) -> None:
    cells, _, _ = load([write_run(tmp_path, cycles=2)])
    write_csv(cells, tmp_path / "cells.csv")
    pd.testing.assert_frame_equal(read_csv(tmp_path / "cells.csv"), cells)


def test_no_text_reads_as_missing(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path, "run")
    run.write_conditions({})
    for word in READ_AS_MISSING_BY_PANDAS:
        this = cell(word, checkpoint=word.replace("/", ""), architecture=word)
        run.append(this, "conformance", Status.PASSED, word, {"wall_s": 0.0})
    cells, _, _ = load([run.path])
    write_csv(cells, tmp_path / "cells.csv")
    naive = pd.read_csv(tmp_path / "cells.csv")
    for column in ("capability", "checkpoint", "architecture", "status", "reason"):
        assert naive[column].notna().all(), column
    back = read_csv(tmp_path / "cells.csv")
    assert list(back["capability"]) == READ_AS_MISSING_BY_PANDAS
    pd.testing.assert_frame_equal(back, cells)


def test_every_status_word_survives_a_plain_read(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path, "run")
    run.write_conditions({})
    for status in Status:
        run.append(cell(backend=status), "latency", status, 'a "quoted", comma', {"wall_s": 0.0})
    write_csv(load([run.path])[0], tmp_path / "cells.csv")
    naive = pd.read_csv(tmp_path / "cells.csv")
    assert list(naive["status"]) == list(Status)
    assert set(naive["reason"]) == {'a "quoted", comma'}


def test_a_revision_of_digits_stays_text(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path, "run")
    run.write_conditions({})
    run.append(cell(revision="4e53496"), "latency", Status.PASSED, "", {"wall_s": 0.0})
    write_csv(load([run.path])[0], tmp_path / "cells.csv")
    assert list(read_csv(tmp_path / "cells.csv")["revision"]) == ["4e53496"]


def test_broken_last_lines_are_passed_over(tmp_path: Path) -> None:
    run = write_run(tmp_path, capabilities=["translation"], cycles=2)
    before = load([run])
    for name in ("cells.jsonl", "samples.jsonl"):
        with (run / name).open("a", encoding="utf-8") as file:
            file.write('{"run": "run", "cell": "transl')
    after = load([run])
    pd.testing.assert_frame_equal(after[0], before[0])
    pd.testing.assert_frame_equal(after[1], before[1])


def test_a_series_measured_again_replaces_the_first(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path, "run")
    run.write_conditions({})
    for value, cycles in ((1.0, 3), (2.0, 2)):
        run.append_rounds(cell(), [{"cycle": cycle, "order": 0, "latency_ms": [value]} for cycle in range(cycles)])
    assert list(load([run.path])[1]["latency_ms"]) == [2.0, 2.0]


def test_folders_of_one_name_are_kept_apart(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / side, "run", capabilities=["translation"], cycles=2) for side in "ab"]
    cells, samples, conditions = load(runs)
    assert list(dict.fromkeys(cells["run"])) == ["run", "run (2)"]
    assert set(samples["run"]) == {"run", "run (2)"}
    assert [run["run"] for run in conditions] == ["run", "run (2)"]


def test_a_folder_that_is_not_a_run_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not the folder of a run"):
        load([tmp_path])
    with pytest.raises(UsageError, match="no run to report on"):
        load([])


def test_rows_without_conditions_are_still_shown(tmp_path: Path) -> None:
    run = write_run(tmp_path, capabilities=["translation"], cycles=2)
    (run / "run.json").unlink()
    cells, _, conditions = load([run])
    assert len(cells) == 8
    assert conditions == [{"run": "run"}]


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("cannot read /home/jane/models/x.bin", "cannot read ~/models/x.bin"),
        ("'/Users/jane'", "'~'"),
        (r"C:\Users\jane\x", r"~\x"),
        ("/root/.cache/y and /root", "~/.cache/y and ~"),
        ("/data/root/x, /rooted", "/data/root/x, /rooted"),
    ],
)
def test_home_directories_are_scrubbed(text: str, scrubbed: str) -> None:
    assert scrub(text) == scrubbed


FORMULAS = [
    "=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\nx", "'x", "''=1", "'", "(null)", "((NA))", "'(null)", "(=1)", "()",
    "null", "-NaN", "=cmd|' /C calc'!A0", "(", ")", "(null",
]  # fmt: skip


def test_no_text_is_a_formula_and_each_comes_back_exactly(tmp_path: Path) -> None:
    frame = load([write_run(tmp_path, capabilities=["translation"], cycles=2)])[0]
    cells = pd.concat([frame] * 3, ignore_index=True).iloc[: len(FORMULAS)]
    for column in TEXT_COLUMNS:
        cells[column] = pd.Series(FORMULAS, dtype="str")
    write_csv(cells, tmp_path / "cells.csv")
    pd.testing.assert_frame_equal(read_csv(tmp_path / "cells.csv"), cells)
    with (tmp_path / "cells.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            for column in TEXT_COLUMNS:
                assert not row[column].startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
            assert float(row["wall_s"]) >= 0


def test_tables_of_examples_and_of_changes_come_back_too(tmp_path: Path) -> None:
    for name, sentence in (("before", "=1+1"), ("after", "'-x\x1b[2J")):
        run = RunFolder.create(tmp_path, name)
        run.write_conditions({"run": name, "libraries": {"transformers": "=1"}})
        row = dict.fromkeys(COLUMNS, "") | {"example": "=a.md:3", "document": "=a.md", "line": 3, "wall_s": 0.5}
        run.append_example(row | {"verdict": "works" if name == "before" else "broken", "sentence": sentence})
        write_course(run.path)
    examples = read_csv(tmp_path / "before" / "examples.csv")
    assert list(examples.columns) == list(COLUMNS)
    assert list(examples.loc[0, ["example", "sentence", "line", "wall_s"]]) == ["=a.md:3", "=1+1", 3, 0.5]
    write_changes([tmp_path / "before", tmp_path / "after"], tmp_path)
    changes = read_csv(tmp_path / "comparison.csv")
    assert list(changes.loc[0, ["name", "why"]]) == ["=a.md:3", "'-x\\x1b[2J; =1+1"]
    for file in (*tmp_path.glob("*/examples.csv"), tmp_path / "comparison.csv", *tmp_path.glob("**/*.md")):
        text = file.read_text(encoding="utf-8")
        assert "\x1b" not in text
        if file.suffix == ".csv":
            assert not re.search(r'(?:^|,)"?[=+@-]', text, flags=re.MULTILINE), file
