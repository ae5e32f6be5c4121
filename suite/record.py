"""The rows of a run: appended the moment they exist, flushed to the disk, read back to resume.

One line of `cells.jsonl` is one (cell, check); one line of `samples.jsonl` is one round of raw latencies. A line cut
short by a kill is left out when the run is read back. Nothing here needs pandas: the frames are made in `suite.report`.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from suite.cell import CHECKS, Cell, Status, worst
from suite.errors import UsageError
from suite.exhibit import Exhibit
from suite.privacy import scrub

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


class RunFolder:
    """One run's folder under the results directory."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.name

    @classmethod
    def create(cls, results: Path, name: str) -> RunFolder:
        """A new, empty folder, `name` made unique by a counter if need be.

        Raises:
            UsageError: the folder cannot be written.
        """
        for suffix in range(1000):
            path = results / (f"{name}-{suffix}" if suffix else name)
            try:
                path.mkdir(parents=True)
            except FileExistsError:
                if path.is_dir():
                    continue
                raise UsageError(
                    f"Cannot write results to {results}: it is a file. Name a folder with --results."
                ) from None
            except OSError as error:
                raise UsageError(
                    f"Cannot write results to {results} ({error.strerror}): name a writable folder with --results."
                ) from error
            return cls(path)
        raise UsageError(f"{results} already holds a thousand runs named {name}: clear it, or name another --results.")

    def write_conditions(self, conditions: Mapping[str, Any]) -> None:
        """`run.json`, replaced whole."""
        partial = self.path / "run.json.partial"
        partial.write_text(json.dumps(conditions, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        partial.replace(self.path / "run.json")

    def conditions(self) -> dict[str, Any]:
        """What `run.json` says.

        Raises:
            UsageError: it is missing or cut short.
        """
        try:
            conditions: dict[str, Any] = json.loads((self.path / "run.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            raise UsageError(f"{self.path} holds no readable run.json: it is not the folder of a run.") from None
        return conditions

    def append(self, cell: Cell, check: str, status: Status, reason: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Write one (cell, check) to `cells.jsonl`; it is on the disk when this returns."""
        row = {"run": self.name, "cell": cell.id, **asdict(cell), "check": check, "status": status, "reason": reason}
        row |= _finite(fields)
        self._append("cells.jsonl", [row])
        return row

    def append_rounds(self, cell: Cell, rounds: Iterable[Mapping[str, Any]]) -> None:
        """Write the rounds of one cell to `samples.jsonl`."""
        self._append("samples.jsonl", [{"run": self.name, "cell": cell.id, **row} for row in rounds])

    def append_exhibits(self, cell: Cell, shown: Iterable[Exhibit]) -> None:
        """Write a cell's answers to a few samples to `exhibits.jsonl`, pictures and sounds to `exhibits/`."""
        self._append(
            "exhibits.jsonl",
            [
                {
                    "cell": cell.id,
                    "sample": one.sample,
                    "input": one.told,
                    "truth": one.truth,
                    "answer": one.answer,
                    "picture": self._keep(one.picture, "png"),
                    "sound": self._keep(one.sound, "wav"),
                }
                for one in shown
            ],
        )

    def append_example(self, row: Mapping[str, Any]) -> None:
        """Write the verdict on an example to `examples.jsonl`."""
        self._append("examples.jsonl", [{"run": self.name, **row}])

    def examples(self) -> list[dict[str, Any]]:
        """The verdicts so far."""
        return list(read_lines(self.path / "examples.jsonl"))

    def exhibits(self) -> list[dict[str, Any]]:
        """The answers that are shown so far; of those to the same sample by the same cell the last one counts."""
        latest = {(row["cell"], row["sample"]): row for row in read_lines(self.path / "exhibits.jsonl")}
        return list(latest.values())

    def _keep(self, content: bytes | None, suffix: str) -> str | None:
        """Write a file named by its content, so that what several cells show alike is kept once."""
        if content is None:
            return None
        name = f"exhibits/{hashlib.sha256(content).hexdigest()[:16]}.{suffix}"
        path = self.path / name
        try:
            path.parent.mkdir(exist_ok=True)
            if not path.exists():
                path.write_bytes(content)
        except OSError as error:
            raise UsageError(
                f"Cannot write to {path} ({error.strerror}). What was measured before is kept there: make room, then "
                f"continue with --resume {self.name}."
            ) from error
        return name

    def rows(self) -> list[dict[str, Any]]:
        """The (cell, check) rows so far; of rows for the same pair the last one counts."""
        latest = {(row["cell"], row["check"]): row for row in read_lines(self.path / "cells.jsonl")}
        return list(latest.values())

    def rounds(self) -> list[dict[str, Any]]:
        """The rounds so far."""
        return list(read_lines(self.path / "samples.jsonl"))

    def _append(self, name: str, rows: list[dict[str, Any]]) -> None:
        path = self.path / name
        try:
            with path.open("ab") as file:
                _end_line(path, file)
                for row in rows:
                    file.write(scrub(json.dumps(row, ensure_ascii=False)).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise UsageError(
                f"Cannot write to {path} ({error.strerror}). What was measured before is kept there: make room, then "
                f"continue with --resume {self.name}."
            ) from error


def _end_line(path: Path, file: IO[bytes]) -> None:
    """Close a line that a kill cut short, so that the next row does not continue it."""
    if file.tell() == 0:
        return
    with path.open("rb") as reader:
        reader.seek(-1, os.SEEK_END)
        if reader.read(1) != b"\n":
            file.write(b"\n")


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The whole JSON lines of a file; broken ones are passed over, a missing file has none."""
    if not path.exists():
        return
    with path.open("rb") as file:
        for line in file:
            try:
                row = json.loads(line)
            except ValueError:
                continue
            if isinstance(row, dict):
                yield row


def _finite(fields: Mapping[str, Any]) -> dict[str, Any]:
    """JSON has no NaN: a number that is none is left out."""
    return {k: v for k, v in fields.items() if not (isinstance(v, float) and not math.isfinite(v))}


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
