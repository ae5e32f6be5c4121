"""TODO"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from suite.core.cell import Cell, Status
from suite.core.outcome import Outcome
from suite.core.rounds import Round, Rounds
from suite.measure.latency import summarize


def judge_latency(result: Rounds, cell: Cell) -> Outcome:
    """Rounds as an outcome: failed if the call sleeps, unstable if the noise makes the number unusable."""
    latency = summarize([done.seconds for done in result.rounds], [done.idle_share for done in result.rounds])
    durations = [seconds for done in result.rounds for seconds in done.seconds]
    first = [seconds for done in result.rounds for seconds in done.first_token]
    tokens = result.rounds[0].new_tokens
    median = float(np.median(durations))
    fields = {
        "latency_p50_ms": latency.p50_ms,
        "latency_p90_ms": latency.p90_ms,
        "latency_p99_ms": latency.p99_ms,
        "latency_cv": latency.cv,
        "latency_rounds": len(result.rounds),
        "latency_calls": len(durations),
        "throughput": cell.batch_size / median if median else None,
        "ttft_ms": float(np.median(first)) * 1000 if first else None,
        "tokens_per_s": tokens / median if first and median else None,
        "input_length": result.rounds[0].input_length,
        "peak_rss_mb": max(done.peak_rss_mb for done in result.rounds),
        "peak_device_mb": max((done.peak_device_mb or 0.0 for done in result.rounds), default=0.0) or None,
        "measured_s": sum(durations),
    }
    if latency.sleeps:
        return Outcome(Status.FAILED, latency.sleeps, fields, durations)
    if latency.problem:
        return Outcome(Status.UNSTABLE, latency.problem, fields, durations)
    return Outcome(Status.PASSED, "", fields, durations)


def round_rows(result: Rounds, cell: Cell) -> list[dict[str, Any]]:
    """The rounds as rows of `samples.jsonl`."""
    return [_round_row(done, cell, place) for done, place in zip(result.rounds, result.places, strict=True)]


def _round_row(done: Round, cell: Cell, place: tuple[int, int]) -> dict[str, Any]:
    row = {
        "block": cell.block,
        "cycle": place[0],
        "order": place[1],
        "latency_ms": [round(seconds * 1000, 6) for seconds in done.seconds],
        "load": done.load,
        "idle_share": done.idle_share,
    }
    if done.first_token:
        row["ttft_ms"] = [round(seconds * 1000, 6) for seconds in done.first_token]
    return row


def durations_by_cell(rows: Iterable[Mapping[str, Any]]) -> dict[str, list[float]]:
    """The seconds of every call in the rows of `samples.jsonl`, by cell."""
    found: dict[str, list[float]] = {}
    for row in rows:
        found.setdefault(row["cell"], []).extend(ms / 1000 for ms in row["latency_ms"])
    return found
