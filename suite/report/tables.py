"""The tables of a report: headings and cells as text, ready for the template."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from suite.analysis.frames import FLOOR, REFERENCE, records
from suite.core.cell import WORST_FIRST, Status
from suite.report import number_format
from suite.report.status_symbols import SYMBOLS
from suite.report.style import backend_order


@dataclass(frozen=True)
class Entry:
    """One cell of an HTML table."""

    text: str
    detail: str = ""
    status: str = ""
    symbol: str = ""
    style: str = ""


@dataclass(frozen=True)
class Table:
    """Headings (text, explanation) and rows; the first entry of a row is its heading."""

    caption: str
    headings: list[tuple[str, str]]
    rows: list[list[Entry]] = field(default_factory=list)


_Row = Mapping[str, Any]
_Column = tuple[str, str, str, Callable[[_Row], "Entry"]]


def _number(heading: str, meaning: str, column: str) -> _Column:
    return heading, meaning, column, lambda row: Entry(number_format.significant(row[column]))


def _share(heading: str, meaning: str, column: str) -> _Column:
    return heading, meaning, column, lambda row: Entry(number_format.percent(row[column]))


def _with_error(row: _Row) -> Entry:
    error = row["accuracy_stderr"]
    return Entry(
        number_format.fixed(row["accuracy"]),
        "" if number_format.is_missing(error) else f"± {number_format.fixed(error)}",
    )


def _with_interval(row: _Row) -> Entry:
    if row["backend"] == REFERENCE:
        return Entry(number_format.times(1.0, 1))
    interval = f"[{number_format.significant(row['low'])}, {number_format.significant(row['high'])}]"
    return Entry(number_format.times(row["speedup"]), "" if number_format.is_missing(row["low"]) else interval)


_MEASURED: tuple[_Column, ...] = (
    ("Accuracy", "0 to 1, higher is better, ± its standard error", "accuracy", _with_error),
    _share("Kept", "share of the reference's accuracy, on the same samples", "accuracy_kept"),
    _share("Agreement", "share of decisions that are the reference's", "agreement"),
    _number("p50, ms", "median latency of a call", "latency_p50_ms"),
    _number("p90, ms", "90th percentile", "latency_p90_ms"),
    _number("p99, ms", "99th percentile", "latency_p99_ms"),
    _share("CV", "coefficient of variation of the latency", "latency_cv"),
    ("Speed-up", "over eager: median of the ratios per cycle, with its 95 % interval", "speedup", _with_interval),
    _number("Samples/s", "throughput", "throughput"),
    _number("Tokens/s", "generated tokens per second", "tokens_per_s"),
    _number("First token, ms", "median time to the first token", "ttft_ms"),
    _number("Memory, MB", "largest resident memory of the worker", "peak_rss_mb"),
    _number("Size, MB", "the weights as this backend stores them", "size_mb"),
    _number("Load, s", "reading the weights", "load_s"),
    _number("Prepare, s", "making them ready to run", "prepare_s"),
    _number("Build, s", "export or compilation, in a process of its own", "build_s"),
)


def ordered(cells: pd.DataFrame) -> pd.DataFrame:
    """The cells by capability and checkpoint as they came, by backend in the order of the palette."""
    rank = {name: index for index, name in enumerate(backend_order(cells["backend"]))}
    capabilities = {name: index for index, name in enumerate(dict.fromkeys(cells["capability"]))}
    checkpoints = {name: index for index, name in enumerate(dict.fromkeys(cells["checkpoint"]))}
    keys = pd.DataFrame({
        "capability": cells["capability"].map(capabilities),
        "checkpoint": cells["checkpoint"].map(checkpoints),
        "backend": cells["backend"].map(rank),
    })  # fmt: skip
    return cells.loc[keys.sort_values(["capability", "checkpoint", "backend"], kind="stable").index]


def status_entry(status: str, detail: str = "") -> Entry:
    """A status with its symbol and colour."""
    return Entry(str(status), detail, str(status), SYMBOLS[Status(status)].unicode)


def matrix(cells: pd.DataFrame) -> Table:
    """Capability by backend: accuracy, median latency, status."""
    backends = backend_order(cells["backend"])
    headings = [("Capability", ""), *((name, "measures the harness" if name == FLOOR else "") for name in backends)]
    table = Table("Accuracy, median latency and status by capability and backend", headings)
    for key, group in cells.groupby(["capability", "checkpoint"], sort=False):
        by_backend = {row["backend"]: row for row in records(group)}
        table.rows.append([
            Entry(str(key[0]), str(key[1])),
            *(_matrix_entry(by_backend.get(name)) for name in backends),
        ])  # fmt: skip
    return table


def _matrix_entry(row: _Row | None) -> Entry:
    if row is None:
        return Entry("", style="absent")
    status = str(row["status"])
    measured = [] if number_format.is_missing(row["accuracy"]) else [number_format.fixed(row["accuracy"])]
    if not number_format.is_missing(row["latency_p50_ms"]):
        measured.append(number_format.duration(row["latency_p50_ms"]))
    return Entry(status, "\n".join(measured), status, SYMBOLS[Status(status)].unicode)


def measurements(cells: pd.DataFrame, speedups: pd.DataFrame, letters: Mapping[str, str]) -> Table:
    """Everything measured of one capability; columns in which nothing was measured are left out."""
    rows = cells.merge(speedups[["run", "cell", "speedup", "low", "high"]], on=["run", "cell"], how="left")
    measured: list[_Row] = [row for row in records(rows) if row["status"] != Status.UNSUPPORTED]
    columns = [c for c in _MEASURED if any(not number_format.is_missing(row[c[2]]) for row in measured)]
    several = cells["checkpoint"].nunique() > 1
    headings = [("Backend", ""), ("Status", ""), *((column[0], column[1]) for column in columns)]
    table = Table(f"Measurements of {cells['capability'].iloc[0]}" if len(cells) else "Measurements", headings)
    for row in measured:
        details = [row["checkpoint"]] if several else []
        details += [f"{letters[row['run']]} · {row['run']}"] if letters else []
        table.rows.append([
            Entry(row["backend"], " · ".join(details)), status_entry(row["status"]),
            *(column[3](row) for column in columns),
        ])  # fmt: skip
    return table


def not_passed(cells: pd.DataFrame, with_run: bool) -> list[dict[str, str]]:
    """Every cell that did not pass, the worst first, with its reason."""
    rows = [row for row in records(cells) if row["status"] != Status.PASSED]
    rows.sort(key=lambda row: WORST_FIRST.index(Status(row["status"])))
    return [
        {
            "cell": f"{row['run']}: {row['cell']}" if with_run else row["cell"],
            "status": row["status"],
            "symbol": SYMBOLS[Status(row["status"])].unicode,
            "reason": row["reason"] or "No reason was recorded.",
        }
        for row in rows
    ]


def notes(cells: pd.DataFrame) -> list[dict[str, str]]:
    """Notes that backends made while they prepared a model, equal notes of several cells together."""
    by_text: dict[str, list[str]] = {}
    for row in records(cells):
        for text in _note_texts(row["notes"]):
            names = by_text.setdefault(text, [])
            if row["cell"] not in names:
                names.append(row["cell"])
    return [{"text": text, "cells": ", ".join(names)} for text, names in by_text.items()]


def _note_texts(written: str) -> list[str]:
    if not written:
        return []
    try:
        value = json.loads(written)
    except ValueError:
        return [written]
    if isinstance(value, dict):
        return [f"{name}: {', '.join(map(str, v)) if isinstance(v, list) else v}" for name, v in value.items()]
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def comparison(table: pd.DataFrame, a: str, b: str) -> Table:
    """Group B against group A, cell by cell."""
    tested = bool(table["p"].notna().any())
    headings = [
        ("Cell", ""), (f"{a}, ms", "median latency, geometric mean over runs"), (f"{b}, ms", "the same"),
        ("Speed-up", f"how many times faster {b} is than {a}"), ("Accuracy", f"{a} → {b}"),
    ]  # fmt: skip
    headings += [("p", "permutation test between runs"), ("p, corrected", "Benjamini and Hochberg")] if tested else []
    result = Table(f"{b} compared with {a}", headings)
    for row in records(table):
        entries = [
            Entry(f"{row['capability']} / {row['backend']}", str(row["checkpoint"])),
            Entry(number_format.significant(row["a_ms"]), _runs(row["a_runs"])),
            Entry(number_format.significant(row["b_ms"]), _runs(row["b_runs"])),
            _with_interval({**row, "backend": ""}),
            Entry(f"{number_format.fixed(row['a_accuracy'])} → {number_format.fixed(row['b_accuracy'])}"),
        ]
        entries += (
            [Entry(number_format.p_value(row["p"])), Entry(number_format.p_value(row["p_adjusted"]))] if tested else []
        )
        result.rows.append(entries)
    return result


def repeatability(spread: pd.DataFrame) -> Table:
    """Runs under equal conditions: how far their medians lie apart, as `between_runs.spread` gives it."""
    headings = [
        ("Cell", ""), ("Runs", ""), ("p50, ms", "median over the runs' medians"),
        ("Fastest, ms", "of the runs' medians"), ("Slowest, ms", "of the runs' medians"), ("Slowest / fastest", ""),
    ]  # fmt: skip
    result = Table("Spread between runs", headings)
    for row in records(spread):
        result.rows.append([
            Entry(f"{row['capability']} / {row['backend']}", str(row["checkpoint"])), Entry(str(row["runs"])),
            *(Entry(number_format.significant(row[column])) for column in ("median_ms", "fastest_ms", "slowest_ms")),
            Entry(number_format.times(row["ratio"])),
        ])  # fmt: skip
    return result


def _runs(count: int) -> str:
    return f"{count} run{'' if count == 1 else 's'}"
