"""The tables of a report: headings and cells as text, ready for the template."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from suite.analysis.frames import FLOOR, REFERENCE, records
from suite.core.cell import WORST_FIRST, Status
from suite.report import number_format
from suite.report.limits import LONGEST_NAME, cut, left_out
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
    href: str = ""
    order: float | None = None
    """By which its column is sorted, where its text does not say it."""


@dataclass(frozen=True)
class Table:
    """Headings (text, explanation) and rows; the first entry of a row is its heading.

    `note` says which rows are not shown, and where they are.
    """

    caption: str
    headings: list[tuple[str, str]]
    rows: list[list[Entry]] = field(default_factory=list)
    note: str = ""


MOST_SUMMARIZED = 20
"""Backends of a summary."""

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
    (
        "Before",
        "accuracy of the checkpoint before it was trained",
        "before",
        lambda row: Entry(number_format.fixed(row["before"])),
    ),
    _share("Trained", "share of the parameters that are trained", "trained_share"),
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
    _number("Build, s", "export, compilation or training, in a process of its own", "build_s"),
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


def matrix(cells: pd.DataFrame, most: int) -> Table:
    """Capability by backend: accuracy, median latency, status."""
    backends = backend_order(cells["backend"])
    headings = [("Capability", ""), *(
        (cut(name, LONGEST_NAME), f"{'measures the harness; ' if name == FLOOR else ''}sorted by median latency")
        for name in backends
    )]  # fmt: skip
    groups: dict[tuple[str, str], dict[str, _Row]] = {}
    for row in records(cells[["capability", "checkpoint", "backend", "status", "accuracy", "latency_p50_ms"]]):
        groups.setdefault((str(row["capability"]), str(row["checkpoint"])), {})[row["backend"]] = row
    note = left_out(min(most, len(groups)), len(groups), "checkpoints")
    table = Table("Accuracy, median latency and status by capability and backend", headings, note=note)
    for key, by_backend in list(groups.items())[:most]:
        table.rows.append([
            Entry(cut(key[0], LONGEST_NAME), cut(key[1], LONGEST_NAME)),
            *(_matrix_entry(by_backend.get(name)) for name in backends),
        ])  # fmt: skip
    return table


def summary(cells: pd.DataFrame, most: int) -> Table:
    """Capability by backend where single cells are too many: how many passed, median accuracy and latency."""
    backends = backend_order(cells["backend"])[:MOST_SUMMARIZED]
    headings = [("Capability", ""), *((cut(name, LONGEST_NAME), "sorted by median latency") for name in backends)]
    grouped = cells.groupby(["capability", "backend"], sort=False)
    numbers = grouped[["accuracy", "latency_p50_ms"]].median()
    statuses: dict[tuple[str, str], Counter[str]] = {}
    for key in zip(cells["capability"], cells["backend"], cells["status"], strict=True):
        statuses.setdefault(key[:2], Counter())[str(key[2])] += 1
    names = list(dict.fromkeys(cells["capability"]))
    there = int(cells["backend"].nunique())
    notes = [left_out(min(most, len(names)), len(names), "capabilities"), left_out(len(backends), there, "backends")]
    note = " ".join(filter(None, notes))
    table = Table("Cells by status, medians of their accuracies and latencies, by capability and backend", headings,
                  note=note)  # fmt: skip
    for name in names[:most]:
        entries = []
        for backend in backends:
            found = statuses.get((name, backend))
            if found is None:
                entries.append(Entry("", style="absent"))
                continue
            worst_one = min(found, key=lambda status: WORST_FIRST.index(Status(status)))
            row = numbers.loc[(name, backend)]
            entries.append(_summary_entry(found, worst_one, float(row["accuracy"]), float(row["latency_p50_ms"])))
        table.rows.append([Entry(cut(name, LONGEST_NAME)), *entries])
    return table


def _summary_entry(found: Mapping[str, int], status: str, accuracy: float, latency: float) -> Entry:
    measured = [] if number_format.is_missing(accuracy) else [number_format.fixed(accuracy)]
    measured += [] if number_format.is_missing(latency) else [number_format.duration(latency)]
    counted = f"{found[status]:,} of {sum(found.values()):,} {status}"
    return Entry(counted, "\n".join(measured), status, SYMBOLS[Status(status)].unicode, order=_order(latency))


def _order(value: float) -> float | None:
    return None if number_format.is_missing(value) else float(f"{value:.6g}")


def _matrix_entry(row: _Row | None) -> Entry:
    if row is None:
        return Entry("", style="absent")
    status = str(row["status"])
    measured = [] if number_format.is_missing(row["accuracy"]) else [number_format.fixed(row["accuracy"])]
    if not number_format.is_missing(row["latency_p50_ms"]):
        measured.append(number_format.duration(row["latency_p50_ms"]))
    order = _order(row["latency_p50_ms"])
    return Entry(status, "\n".join(measured), status, SYMBOLS[Status(status)].unicode, order=order)


def measurements(
    cells: pd.DataFrame, speedups: pd.DataFrame, letters: Mapping[str, str], most: int, anchors: Mapping[int, str]
) -> Table:
    """Everything measured of one capability; columns in which nothing was measured are left out.

    Of more than `most` rows those that did not pass are shown first. `anchors` are those of cells by their index.
    """
    supported = cells[cells["status"] != Status.UNSUPPORTED]
    chosen = worst_first(supported, most)
    rows = chosen.reset_index().merge(
        speedups[["run", "cell", "speedup", "low", "high"]], on=["run", "cell"], how="left"
    )
    measured = records(rows)
    columns = [c for c in _MEASURED if any(not number_format.is_missing(row[c[2]]) for row in measured)]
    several = cells["checkpoint"].nunique() > 1
    headings = [("Backend", ""), ("Status", ""), *((column[0], column[1]) for column in columns)]
    caption = f"Measurements of {cut(cells['capability'].iloc[0], LONGEST_NAME)}" if len(cells) else "Measurements"
    note = left_out(len(chosen), len(supported), "cells, those that did not pass first")
    table = Table(caption, headings, note=note)
    for row in measured:
        details = [cut(row["checkpoint"], LONGEST_NAME)] if several else []
        details += [f"{letters[row['run']]} · {row['run']}"] if letters else []
        table.rows.append([
            Entry(cut(row["backend"], LONGEST_NAME), " · ".join(details), href=anchors.get(row["index"], "")),
            status_entry(row["status"]),
            *(column[3](row) for column in columns),
        ])  # fmt: skip
    return table


def worst_first(cells: pd.DataFrame, most: int) -> pd.DataFrame:
    """So many of the cells: all as they come or, where they are more, first those that did not pass, worst first."""
    if len(cells) <= most:
        return cells
    rank = cells["status"].map(lambda status: WORST_FIRST.index(Status(status)))
    return cells.loc[rank.sort_values(kind="stable").index[:most]]


@dataclass(frozen=True)
class NotPassed:
    """Cells that did not pass: each with cell, status, symbol, reason and href; `note` says what is not shown."""

    items: list[dict[str, str]] = field(default_factory=list)
    note: str = ""


def not_passed(cells: pd.DataFrame, with_run: bool, most: int, anchors: Mapping[int, str]) -> NotPassed:
    """The cells that did not pass, the worst first, with their reasons."""
    there = cells[cells["status"] != Status.PASSED]
    rank = there["status"].map(lambda status: WORST_FIRST.index(Status(status)))
    chosen = there.loc[rank.sort_values(kind="stable").index[:most]]
    items = [
        {
            "cell": cut(f"{row['run']}: {row['cell']}" if with_run else row["cell"], LONGEST_NAME),
            "status": row["status"],
            "symbol": SYMBOLS[Status(row["status"])].unicode,
            "reason": cut(row["reason"]) or "No reason was recorded.",
            "href": anchors.get(index, ""),
        }
        for index, row in zip(chosen.index, records(chosen[["run", "cell", "status", "reason"]]), strict=True)
    ]
    return NotPassed(items, left_out(len(items), len(there), "cells that did not pass, the worst first"))


def _two_names(row: _Row) -> Entry:
    return Entry(
        f"{cut(row['capability'], LONGEST_NAME)} / {cut(row['backend'], LONGEST_NAME)}",
        cut(row["checkpoint"], LONGEST_NAME),
    )


def comparison(table: pd.DataFrame, a: str, b: str, most: int) -> Table:
    """Group B against group A, cell by cell."""
    tested = bool(table["p"].notna().any())
    headings = [
        ("Cell", ""), (f"{a}, ms", "median latency, geometric mean over runs"), (f"{b}, ms", "the same"),
        ("Speed-up", f"how many times faster {b} is than {a}"), ("Accuracy", f"{a} → {b}"),
    ]  # fmt: skip
    headings += [("p", "permutation test between runs"), ("p, corrected", "Benjamini and Hochberg")] if tested else []
    note = left_out(min(most, len(table)), len(table), "cells")
    result = Table(f"{b} compared with {a}", headings, note=note)
    for row in records(table[:most]):
        entries = [
            _two_names(row),
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


def repeatability(spread: pd.DataFrame, most: int) -> Table:
    """Runs under equal conditions: how far their medians lie apart, as `between_runs.spread` gives it."""
    headings = [
        ("Cell", ""), ("Runs", ""), ("p50, ms", "median over the runs' medians"),
        ("Fastest, ms", "of the runs' medians"), ("Slowest, ms", "of the runs' medians"), ("Slowest / fastest", ""),
    ]  # fmt: skip
    note = left_out(min(most, len(spread)), len(spread), "cells")
    result = Table("Spread between runs", headings, note=note)
    for row in records(spread[:most]):
        result.rows.append([
            _two_names(row), Entry(str(row["runs"])),
            *(Entry(number_format.significant(row[column])) for column in ("median_ms", "fastest_ms", "slowest_ms")),
            Entry(number_format.times(row["ratio"])),
        ])  # fmt: skip
    return result


def _runs(count: int) -> str:
    return f"{count} run{'' if count == 1 else 's'}"
