"""The columns of cells.csv, and how the rows of a cell's checks become one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from suite.core.cell import CHECKS, Status, worst

CELL_COLUMNS = (
    "run", "cell", "capability", "modality", "checkpoint", "checkpoint_id", "revision", "weights", "architecture",
    "backend", "device", "dtype", "batch_size", "threads", "status", "reason",
    "conformance", "fidelity", "accuracy_check", "latency",
    "accuracy", "accuracy_stderr", "reference_accuracy", "accuracy_kept", "chance", "samples", "metrics",
    "max_abs_diff", "relative_diff", "agreement",
    "latency_p50_ms", "latency_p90_ms", "latency_p99_ms", "latency_cv", "latency_rounds", "latency_calls",
    "throughput", "ttft_ms", "tokens_per_s", "input_length",
    "peak_rss_mb", "peak_device_mb", "size_mb", "load_s", "prepare_s", "build_s", "measured_s", "wall_s", "notes",
)  # fmt: skip
"""The columns of cells.csv, in order. `results/README.md` defines each; a test holds the two together."""

_STATUS_COLUMNS = {check: "accuracy_check" if check == "accuracy" else check for check in CHECKS}

_JSON_COLUMNS = ("metrics", "notes")

_BOOKKEEPING = {"check", "status", "reason", "wall_s"}


def join(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One dict per (run, cell) with the keys of `CELL_COLUMNS`; what was not measured is `None`.

    The status is the worst of the checks', the reason that of the worst check, `wall_s` their sum.
    """
    grouped: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        grouped.setdefault((row["run"], row["cell"]), []).append(row)
    return [_joined(group) for group in grouped.values()]


def _joined(group: list[Mapping[str, Any]]) -> dict[str, Any]:
    status = worst([Status(row["status"]) for row in group])
    joined: dict[str, Any] = dict.fromkeys(CELL_COLUMNS)
    for row in group:
        joined |= {k: v for k, v in row.items() if k in joined and k not in _BOOKKEEPING and v is not None}
    joined |= {_STATUS_COLUMNS[row["check"]]: row["status"] for row in group}
    joined["status"] = str(status)
    joined["reason"] = next((row["reason"] for row in group if row["status"] == status and row["reason"]), "")
    joined["wall_s"] = sum(row.get("wall_s") or 0.0 for row in group)
    for column in _JSON_COLUMNS:
        joined[column] = json.dumps(joined[column], sort_keys=True) if joined[column] else ""
    return joined
