"""What a report costs: seconds of processor and bytes of its page, for runs of so many cells.

Run as `python -m suite.benchmarks.report_scaling [ROWS ...] [--keep DIR]`: 224, 10,000 and 100,000 cells by default.
Each run is made up, with all that a real one holds (calls in cycles, failures with their reasons, notes, samples with
pictures), and reported by a process of its own: imports count. The limits are those of the roadmap.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
from PIL import Image

from suite.core.ownership import TemporaryFolder

ROWS = (224, 10_000, 100_000)
CAPABILITIES = 32
BACKENDS = ("eager", "fp16", "bf16", "int8", "compile", "onnx", "onnx-int8", "noop")
CYCLES, CALLS = 6, 4
SAMPLES_SHOWN = 3
REASON = (
    "keeps 97.1% of the reference's accuracy on the same 400 samples, where 99% are asked for: it alone is wrong on 14 "
    "of them, and the reference alone on 2."
)
_PROGRAM = """
import resource, sys, time
started = time.perf_counter()
from pathlib import Path
from suite.report import write_report
page = write_report([Path(sys.argv[1])], Path(sys.argv[1]))
used = resource.getrusage(resource.RUSAGE_SELF)
print(used.ru_utime + used.ru_stime, time.perf_counter() - started, page.stat().st_size, used.ru_maxrss)
"""


def write_run(folder: Path, rows: int) -> Path:
    """A run of so many cells, written at once: a row at a time, each flushed, would take hours."""
    folder.mkdir(parents=True)
    generator = np.random.default_rng(0)
    picture = _picture(folder)
    cells = list(_cells(rows))
    conditions = {
        "run": folder.name, "started": "2026-01-05T10:00:00+00:00", "finished": "2026-01-05T11:00:00+00:00",
        "weights": "miniature", "device": "cpu", "threads": 2, "batch_size": 1, "seed": 0, "budget_s": 1.0,
        "libraries": {"torch": "2.9.1"}, "cells": [cell["cell"] for cell in cells],
    }  # fmt: skip
    (folder / "run.json").write_text(json.dumps(conditions))
    (folder / "log.txt").write_text("")
    with (
        (folder / "cells.jsonl").open("w") as lines,
        (folder / "samples.jsonl").open("w") as rounds,
        (folder / "exhibits.jsonl").open("w") as exhibits,
    ):
        for number, cell in enumerate(cells):
            shared = {"run": folder.name, **cell}
            _write_cell(shared, number, generator, lines=lines, rounds=rounds)
            for sample in range(SAMPLES_SHOWN):
                shown = {"sample": str(sample), "input": "a question", "truth": "yes", "answer": "yes"}
                _line(exhibits, {"cell": cell["cell"], **shown, "picture": picture, "sound": None})
    return folder


def _cells(rows: int) -> Iterator[dict[str, Any]]:
    for number in range(rows):
        group, backend = divmod(number, len(BACKENDS))
        capability, checkpoint = (
            f"capability-{group % CAPABILITIES:02d}",
            f"checkpoint-{group // CAPABILITIES:04d}-base",
        )
        yield {
            "cell": f"{capability}/{checkpoint}/{BACKENDS[backend]}", "capability": capability, "modality": "text",
            "checkpoint": checkpoint, "checkpoint_id": f"organisation/{checkpoint}", "revision": f"{group:040x}",
            "weights": "miniature", "architecture": "BertForSequenceClassification", "backend": BACKENDS[backend],
            "device": "cpu", "dtype": "float32", "batch_size": 1, "threads": 2,
        }  # fmt: skip


def _write_cell(
    shared: dict[str, Any], number: int, generator: np.random.Generator, *, lines: IO[str], rounds: IO[str]
) -> None:
    def check(name: str, status: str = "passed", reason: str = "", **fields: Any) -> None:
        _line(lines, {**shared, "check": name, "status": status, "reason": reason, "wall_s": 1.0, **fields})

    if number % 29 == 28:
        check("conformance", "unsupported", "this architecture cannot be exported: it has control flow.")
        return
    notes = {"unquantized": f"{number % 7} of 38 linear layers stay in float32"} if number % 8 == 3 else {}
    check("conformance", load_s=0.4, prepare_s=0.1, size_mb=4.0 + number % 90, notes=notes)
    failed, accuracy = number % 41 == 40, 0.9 + 0.05 * float(generator.random())
    check(
        "accuracy", "failed" if failed else "passed", f"{shared['cell']} {REASON}" if failed else "",
        accuracy=accuracy, accuracy_stderr=0.012, reference_accuracy=0.93, accuracy_kept=accuracy / 0.93, chance=0.5,
        samples=400, metrics={"f1": accuracy - 0.01}, agreement=0.99,
    )  # fmt: skip
    calls = (5 + number % 31) * generator.lognormal(0, 0.05, (CYCLES, CALLS)).round(5)
    p50, p90, p99 = np.quantile(calls, [0.5, 0.9, 0.99])
    check(
        "latency", latency_p50_ms=p50, latency_p90_ms=p90, latency_p99_ms=p99, latency_cv=0.05,
        latency_rounds=CYCLES, latency_calls=CYCLES * CALLS, throughput=1000 / p50, peak_rss_mb=100.0 + number % 300,
        input_length=32, measured_s=1.0,
    )  # fmt: skip
    for cycle in range(CYCLES):
        _line(rounds, {
            "run": shared["run"], "cell": shared["cell"], "block": shared["cell"].rpartition("/")[0], "cycle": cycle,
            "order": number % 8, "latency_ms": calls[cycle].tolist(), "load": 1.0, "idle_share": 0.01,
        })  # fmt: skip


def _line(file: IO[str], row: dict[str, Any]) -> None:
    file.write(json.dumps(row) + "\n")


def _picture(folder: Path) -> str:
    """One picture of 3 kB, as a run keeps it."""
    stream = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    Image.fromarray(noise).save(stream, "png")
    content = stream.getvalue()
    name = f"exhibits/{hashlib.sha256(content).hexdigest()[:16]}.png"
    (folder / "exhibits").mkdir()
    (folder / name).write_bytes(content)
    return name


def measure(folder: Path) -> tuple[float, float, int, float]:
    """CPU seconds, wall seconds, bytes of the page and largest memory in MB, of a process that writes one report."""
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(folder)], capture_output=True, text=True, check=True
    )  # fmt: skip
    cpu, wall, size, memory = done.stdout.split()
    return float(cpu), float(wall), int(size), float(memory) / 1000


def main() -> None:
    """Print a line for each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", type=int, default=list(ROWS))
    parser.add_argument("--keep", type=Path, help="a new folder for the runs and their pages")
    parsed = parser.parse_args()
    print(f"{'rows':>8} {'CPU s':>8} {'wall s':>8} {'MB':>6} {'memory MB':>10}")
    with TemporaryFolder("report-") as temporary:
        for rows in parsed.rows:
            folder = write_run((parsed.keep or temporary) / f"run-{rows}", rows)
            cpu, wall, size, memory = measure(folder)
            print(f"{rows:>8,} {cpu:>8.1f} {wall:>8.1f} {size / 1e6:>6.2f} {memory:>10,.0f}", flush=True)


if __name__ == "__main__":
    main()
