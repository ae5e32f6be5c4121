"""Run folders and committed baselines as data frames, and the CSV file of cells."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from suite.core.cell import Status
from suite.core.errors import UsageError
from suite.core.spreadsheet import guard, unguard
from suite.records.columns import ANSWERS, CELL_COLUMNS, CELLS, SAMPLES, join
from suite.records.private_fields import scrub_column
from suite.records.run_folder import TABLES, RunFolder
from suite.task.answer_sheet import AnswerSheet

REFERENCE = "eager"
"""The backend that the others are compared with."""
FLOOR = "noop"
"""The backend that does nothing: what it takes is the harness's own share."""

TEXT_COLUMNS = tuple(column.name for column in CELLS if column.is_text)
INTEGER_COLUMNS = tuple(column.name for column in CELLS if column.is_integer)
_WHOLE_NUMBER_COLUMNS = (*INTEGER_COLUMNS, "line")
_NUMBER_COLUMNS = (*(name for name in CELL_COLUMNS if name not in TEXT_COLUMNS), "line")
"""Of cells.csv, and of examples.csv, whose times have the names of those of cells."""
SAMPLE_TYPES = {
    column.name: "str" if column.is_text else "Int64" if column.is_integer else "float64" for column in SAMPLES
}
"""The columns of samples.parquet with their types in pandas: one row per timed call."""

_READ_AS_MISSING = frozenset(
    ["#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA",
     "NULL", "NaN", "None", "n/a", "nan", "null"]
)  # fmt: skip


def load(folders: Sequence[Path]) -> tuple[pd.DataFrame, pd.DataFrame, list[dict[str, Any]]]:
    """The cells, the timed calls and the conditions of some runs, in the order given.

    A run is named by its folder; a second folder of the same name gets a counter.

    Raises:
        UsageError: no folder was given, one is not that of a run, or its table cannot be read.
    """
    if not folders:
        raise UsageError("There is no run to report on: name the folder of a run, a baseline first.")
    cells: list[pd.DataFrame] = []
    samples: list[pd.DataFrame] = []
    conditions: list[dict[str, Any]] = []
    for folder, name in zip(folders, _names(folders), strict=True):
        run = RunFolder(folder)
        conditions.append(_conditions(run) | {"run": name} | ({"goes_on": True} if run.is_in_use else {}))
        cells.append(_named(cells_of(run), name))
        samples.append(_named(_samples_frame(_calls(run.rounds())), name))
    return pd.concat(cells, ignore_index=True), pd.concat(samples, ignore_index=True), conditions


def cells_of(run: RunFolder) -> pd.DataFrame:
    """The cells of one run: from its lines or, where there are none (a committed baseline), from its table.

    Raises:
        UsageError: the table cannot be read, or is that of several runs.
    """
    table = next((run.path / name for name in TABLES if (run.path / name).is_file()), None)
    if table is None or not run.is_baseline:
        return _cells_frame(join(run.rows(), run.selection()))
    try:
        rows = records(read_csv(table) if table.suffix == ".csv" else pd.read_parquet(table))
        if rows and any(not row["cell"] or Status(row["status"]) not in Status for row in rows):
            raise ValueError
        cells = _cells_frame(rows)
    except (OSError, ValueError, KeyError, TypeError):
        raise UsageError(f"{table} cannot be read as the cells of a run: restore it, or write it again.") from None
    if cells["run"].nunique() > 1:
        raise UsageError(f"{table} holds the cells of several runs: name the folders of the runs instead.")
    return cells


def _named(frame: pd.DataFrame, run: str) -> pd.DataFrame:
    return frame.assign(run=pd.Series(run, index=frame.index, dtype="str"))


def _names(folders: Sequence[Path]) -> list[str]:
    names: list[str] = []
    for folder in folders:
        name = folder.resolve().name
        repeats = sum(1 for other in names if other == name or other.startswith(f"{name} ("))
        names.append(f"{name} ({repeats + 1})" if repeats else name)
    return names


def _conditions(run: RunFolder) -> dict[str, Any]:
    try:
        return run.conditions()
    except UsageError:
        # A run killed while it began has rows and no conditions: the rows are still worth showing.
        if not run.has_cells:
            raise
        return {}


def _calls(rounds: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """The columns of one row per timed call."""
    columns: dict[str, list[Any]] = {name: [] for name in SAMPLE_TYPES if name != "run"}
    for row in rounds:
        latencies = row.get("latency_ms") or []
        first_tokens = row.get("ttft_ms") or [None] * len(latencies)
        calls = min(len(latencies), len(first_tokens))
        capability, _, rest = row["cell"].partition("/")
        checkpoint, _, backend = rest.rpartition("/")
        shared = {"cell": row["cell"], "capability": capability, "checkpoint": checkpoint, "backend": backend}
        shared |= {key: row.get(key) for key in ("cycle", "order", "reference_ms", "load", "idle_share")}
        for name, value in shared.items():
            columns[name] += [value] * calls
        columns["call"] += range(calls)
        columns["latency_ms"] += latencies[:calls]
        columns["ttft_ms"] += first_tokens[:calls]
    return columns


def _cells_frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=list(CELL_COLUMNS))
    for column in CELL_COLUMNS:
        if column in TEXT_COLUMNS:
            texts = [str(value) if _is_given(value) else "" for value in frame[column].tolist()]
            frame[column] = pd.Series(scrub_column(column, texts), dtype="str")
        elif column in INTEGER_COLUMNS:
            frame[column] = pd.to_numeric(frame[column]).astype("Int64")
        else:
            frame[column] = pd.to_numeric(frame[column]).astype("float64")
    return frame


def _is_given(value: Any) -> bool:
    return value is not None and value == value  # noqa: PLR0124 - NaN is not equal to itself


def _samples_frame(columns: Mapping[str, list[Any]]) -> pd.DataFrame:
    """The run is named later."""
    named = {"run": [""] * len(columns["cell"]), **columns}
    return pd.DataFrame({name: pd.Series(named[name], dtype=kind) for name, kind in SAMPLE_TYPES.items()})


def answers_frame(sheets: Mapping[str, AnswerSheet], run: str) -> pd.DataFrame:
    """The answers of a run's cells to each sample, with the columns `ANSWERS`."""
    parts = []
    for cell, sheet in sheets.items():
        capability, _, rest = cell.partition("/")
        checkpoint, _, backend = rest.rpartition("/")
        asked = sheet.questions
        parts.append(pd.DataFrame({
            "run": run, "cell": cell, "capability": capability, "checkpoint": checkpoint, "backend": backend,
            "sample": asked.samples, "input": asked.inputs, "truth": asked.truths, "answer": sheet.answers,
            "score": sheet.scores, "slices": [json.dumps(names) if names else "" for names in asked.slices],
        }))  # fmt: skip
    types = {column.name: "str" if column.is_text or column.is_json else "float64" for column in ANSWERS}
    frame = pd.concat(parts) if parts else pd.DataFrame(columns=list(types))
    return frame[list(types)].astype(types)


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows as dicts."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def write_csv(cells: pd.DataFrame, path: Path) -> None:
    """Write the cells so that a plain `pandas.read_csv` takes no text for a missing value, nor a spreadsheet a formula.

    What was not measured is empty. A text that pandas would read as missing ("null") is put in parentheses, and before
    one that begins like a formula stands an apostrophe.
    """
    safe = cells.copy()
    for column in TEXT_COLUMNS:
        texts = cells[column].tolist()
        written = {text: guard(f"({text})" if _within_parentheses(text) else text) for text in set(texts)}
        safe[column] = [written[text] for text in texts]
    safe.to_csv(path, index=False, quoting=csv.QUOTE_MINIMAL)


def read_csv(path: Path) -> pd.DataFrame:
    """The frame that `write_csv` wrote, types and texts as they were; also examples.csv and comparison.csv."""
    frame = pd.read_csv(path, dtype="str", keep_default_na=False)
    frame.columns = pd.Index([unguard(name) for name in frame.columns])
    for column in frame.columns:
        if column in _NUMBER_COLUMNS:
            numbers = pd.to_numeric(frame[column].replace("", None))
            frame[column] = numbers.astype("Int64" if column in _WHOLE_NUMBER_COLUMNS else "float64")
        else:
            texts = [unguard(text) for text in frame[column]]
            if column in TEXT_COLUMNS:
                texts = [text[1:-1] if text[:1] == "(" and _within_parentheses(text) else text for text in texts]
            frame[column] = pd.Series(texts, dtype="str")
    return frame


def _within_parentheses(text: str) -> bool:
    """Whether a text is one that pandas reads as missing, or one in any number of parentheses."""
    word = text.strip("()")
    depth = (len(text) - len(word)) // 2
    return word in _READ_AS_MISSING and text == f"{'(' * depth}{word}{')' * depth}"
