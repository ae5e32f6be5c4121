"""The columns of cells.csv and samples.parquet, and how the rows of a cell's checks become one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from suite.checks import REGISTRY
from suite.core.cell import Status, worst
from suite.core.column import Column

IDENTITY = (
    Column("run", "text", "name of the run's folder", "never"),
    Column("cell", "text", "capability/checkpoint/backend, unique within a run", "never"),
    Column("capability", "text", "what the model does", "never"),
    Column("modality", "text", "`text`, `audio`, `vision` or `multimodal`", "never"),
    Column("checkpoint", "text", "last part of the checkpoint's id", "never"),
    Column("checkpoint_id", "text", "id on the Hub, or a local folder with the home directory as `~`", "never"),
    Column("revision", "text", "pinned commit of the checkpoint", "where it has none: a local folder"),
    Column(
        "weights", "text", "`miniature`, `random`, `hub`, `real` (out of an installed package) or `local`", "never"
    ),
    Column("architecture", "text", "name of the model class", "where unknown"),
    Column("backend", "text", "how it was executed; `eager` is the reference, `noop` runs no model", "never"),
    Column("device", "text", "`cpu`, `cuda`, ...", "never"),
    Column("dtype", "text", "number type of the weights", "never"),
    Column("batch_size", "integer", "inputs per call", "never"),
    Column("threads", "integer", "threads that a worker may use", "never"),
    Column("work", "text", "`inference`, or `training` of a capability that trains", "in runs of releases without any"),
    Column("status", "text", "the worst status of its checks; the words are above", "never"),
    Column("reason", "text", "the sentence of the worst check", "where there is nothing to explain"),
)  # fmt: skip
"""What every row says."""
_WORKER = (
    Column("size_mb", "MB", "the weights as this backend stores them", "where nothing was loaded"),
    Column("load_s", "s", "reading the checkpoint", "where nothing was loaded"),
    Column("prepare_s", "s", "making it ready to run on this backend", "where nothing was loaded"),
    Column(
        "build_s", "s", "export, compilation or training, in a process of its own; 0 where an earlier build was used",
        "where the backend builds nothing",
    ),
)  # fmt: skip
"""What the worker says once the model stands ready."""
_WHOLE_CELL = (
    Column("wall_s", "s", "time that its checks took, all of them", "never"),
    Column(
        "notes", "JSON text", "what a reader of the numbers must know: modules left unquantized, say",
        "where there is nothing to say",
    ),
)  # fmt: skip


def _cells() -> tuple[Column, ...]:
    checks = sorted(REGISTRY.values(), key=lambda check: not check.leads)
    statuses = tuple(
        Column(check.status_column, "text", f'status of the check "{check.question}"', "not run")
        for check in REGISTRY.values()
    )
    results = tuple(column for check in checks for column in check.columns if not column.is_cost)
    costs = tuple(column for check in checks for column in check.columns if column.is_cost)
    return (*IDENTITY, *statuses, *results, *_WORKER, *costs, *_WHOLE_CELL)


CELLS = _cells()
"""The columns of cells.csv and cells.parquet, in order: a check's file says which it writes."""
CELL_COLUMNS = tuple(column.name for column in CELLS)
SAMPLES = (
    Column("run", "text", "name of the run's folder", "never"),
    Column("cell", "text", "as in `cells.csv`", "never"),
    Column("capability", "text", "first part of `cell`", "never"),
    Column("checkpoint", "text", "middle part of `cell`", "never"),
    Column("backend", "text", "last part of `cell`", "never"),
    Column(
        "cycle", "integer", "every backend has one round in each cycle: compare rounds of the same cycle", "never"
    ),
    Column("order", "integer", "place of the round within its cycle", "never"),
    Column(
        "reference_ms", "ms", "median of the reference's calls in the same cycle: a speed-up is made of such pairs",
        "of the reference itself, and where it had no round",
    ),
    Column("call", "integer", "place of the call within its round, from 0", "never"),
    Column("latency_ms", "ms", "time of the call", "never"),
    Column("ttft_ms", "ms", "time to its first token", "where nothing is generated"),
    Column("load", "processes", "load average over 1 min at the round", "where the system has none"),
    Column("idle_share", "0 to 1", "share of the round neither computing nor waiting for a core", "where unknown"),
)  # fmt: skip
"""The columns of samples.parquet: one row per timed call."""
ANSWERS = (
    Column("run", "text", "name of the run's folder", "never"),
    Column("cell", "text", "as in `cells.csv`", "never"),
    Column("capability", "text", "first part of `cell`", "never"),
    Column("checkpoint", "text", "middle part of `cell`", "never"),
    Column("backend", "text", "last part of `cell`", "never"),
    Column("sample", "text", "its id: the same for every cell that was asked it", "never"),
    Column("input", "text", "the input in words, at most 300 characters", "never"),
    Column("truth", "text", "likewise", "never"),
    Column("answer", "text", "likewise", "never"),
    Column("score", "0 to 1", "how right it is", "where the accuracy is of all samples together (an F1)"),
    Column("slices", "JSON text", "the slices that the samples file names, as a list", "where it names none"),
)  # fmt: skip
"""The columns of answers.parquet: one row per cell and sample."""
_JSON_COLUMNS = tuple(column.name for column in CELLS if column.is_json)
_BOOKKEEPING = {"check", "status", "reason", "wall_s"}


def join(rows: Iterable[Mapping[str, Any]], selection: Iterable[Mapping[str, Any]] = ()) -> list[dict[str, Any]]:
    """One dict per (run, cell) with the keys of `CELL_COLUMNS`; what was not measured is `None`.

    The status is the worst of the checks', the reason that of the worst check, `wall_s` their sum. A check that was
    selected and has no row is an error: its cell has not been shown to pass.
    """
    grouped: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        grouped.setdefault((row["run"], row["cell"]), []).append(row)
    for selected in selection:
        group = grouped.setdefault((selected["run"], selected["cell"]), [])
        group += _without_result(selected, {row["check"] for row in group})
    return [_joined(group) for group in grouped.values() if group]


def _without_result(selected: Mapping[str, Any], done: set[str]) -> list[dict[str, Any]]:
    reason = "it was selected and has no result: the run ended before it. Continue the run with --resume"
    return [
        {**selected, "check": check, "status": str(Status.ERROR), "reason": f"{check}: {reason} {selected['run']}."}
        for check in selected["checks"]
        if check not in done
    ]


def _joined(group: list[Mapping[str, Any]]) -> dict[str, Any]:
    status = worst([Status(row["status"]) for row in group])
    joined: dict[str, Any] = dict.fromkeys(CELL_COLUMNS)
    for row in group:
        joined |= {k: v for k, v in row.items() if k in joined and k not in _BOOKKEEPING and v is not None}
    joined |= {REGISTRY[row["check"]].status_column: row["status"] for row in group}
    joined["status"] = str(status)
    joined["reason"] = next((row["reason"] for row in group if row["status"] == status and row["reason"]), "")
    joined["wall_s"] = sum(row.get("wall_s") or 0.0 for row in group)
    for column in _JSON_COLUMNS:
        joined[column] = json.dumps(joined[column], sort_keys=True) if joined[column] else ""
    return joined
