"""Latency: rounds of timed calls, what they amount to, and whether the numbers can be used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from suite.checks.base import CellAccess, Check, OpenCell
from suite.core.cell import Cell, Status
from suite.core.column import Column
from suite.core.outcome import Outcome
from suite.core.rounds import Round, Rounds
from suite.core.work import Work
from suite.measure import latency, memory


def warm_up(cell: OpenCell, seconds: float) -> int:
    """In the worker: call until steady, for at most that long. Memory is counted from here on.

    What was kept of the checks before, which ask several inputs at once, is not these calls' own.
    """
    call = cell.timed_call
    cell.runnable.give_back(call)
    memory.reset_peak(cell.device)
    return latency.warm_up(call, seconds)


def time_round(cell: OpenCell, seconds: float) -> Round:
    """In the worker: one round of timed calls."""
    durations, results, idle = latency.timed_calls(cell.timed_call, seconds)
    return Round(
        seconds=durations,
        first_token=[first for first in results if isinstance(first, float)],
        new_tokens=cell.timed_tokens,
        idle_share=idle if cell.device == "cpu" else 0.0,
        load=latency.load_now(),
        input_length=cell.timed_length,
        peak_rss_mb=max(0.0, memory.peak_mb() - cell.baseline_mb),
        peak_device_mb=memory.peak_device_mb(cell.device),
    )


def judge(result: Rounds, cell: Cell) -> Outcome:
    """Rounds as an outcome: failed if the call sleeps, unstable if the noise makes the number unusable."""
    summary = latency.summarize(
        [timed.seconds for timed in result.rounds], [timed.idle_share for timed in result.rounds]
    )
    durations = [seconds for timed in result.rounds for seconds in timed.seconds]
    first = [seconds for timed in result.rounds for seconds in timed.first_token]
    tokens = result.rounds[0].new_tokens
    median = float(np.median(durations))
    fields = {
        "latency_p50_ms": summary.p50_ms,
        "latency_p90_ms": summary.p90_ms,
        "latency_p99_ms": summary.p99_ms,
        "latency_cv": summary.cv,
        "latency_rounds": len(result.rounds),
        "latency_calls": len(durations),
        "throughput": cell.batch_size / median if median else None,
        "ttft_ms": float(np.median(first)) * 1000 if first else None,
        "tokens_per_s": tokens / median if first and median else None,
        "input_length": result.rounds[0].input_length,
        "peak_rss_mb": max(timed.peak_rss_mb for timed in result.rounds),
        "peak_device_mb": max((timed.peak_device_mb or 0.0 for timed in result.rounds), default=0.0) or None,
        "measured_s": sum(durations),
    }
    if summary.sleeps:
        return Outcome(Status.FAILED, summary.sleeps, fields, durations)
    if summary.problem:
        return Outcome(Status.UNSTABLE, summary.problem, fields, durations)
    return Outcome(Status.PASSED, "", fields, durations)


def round_rows(result: Rounds, cell: Cell) -> list[dict[str, Any]]:
    """The rounds as rows of `samples.jsonl`."""
    rows = [_round_row(timed, cell, place) for timed, place in zip(result.rounds, result.places, strict=True)]
    for row, pace in zip(rows, result.reference, strict=False):
        if pace is not None:
            row["reference_ms"] = round(pace * 1000, 6)
    return rows


def _round_row(timed: Round, cell: Cell, place: tuple[int, int]) -> dict[str, Any]:
    row = {
        "block": cell.group,
        "cycle": place[0],
        "order": place[1],
        "latency_ms": [round(seconds * 1000, 6) for seconds in timed.seconds],
        "load": timed.load,
        "idle_share": timed.idle_share,
    }
    if timed.first_token:
        row["ttft_ms"] = [round(seconds * 1000, 6) for seconds in timed.first_token]
    return row


def durations_by_cell(rows: Iterable[Mapping[str, Any]]) -> dict[str, list[float]]:
    """The seconds of every call in the rows of `samples.jsonl`, by cell."""
    durations: dict[str, list[float]] = {}
    for row in rows:
        durations.setdefault(row["cell"], []).extend(ms / 1000 for ms in row["latency_ms"])
    return durations


class Latency(Check):
    """How fast a cell is."""

    name = "latency"
    works = frozenset(Work)
    question = "how fast is it"
    interleaved = True
    columns = (
        Column("latency_p50_ms", "ms", "median time of a call, over all calls", "latency not measured"),
        Column("latency_p90_ms", "ms", "90th percentile", "latency not measured"),
        Column("latency_p99_ms", "ms", "99th percentile", "latency not measured"),
        Column("latency_cv", "ratio", "standard deviation / mean, over all calls", "latency not measured"),
        Column(
            "latency_rounds", "integer", "rounds that were interleaved with the other backends'", "latency not measured"
        ),
        Column("latency_calls", "integer", "timed calls in all rounds", "latency not measured"),
        Column("throughput", "inputs/s", "`batch_size` / median time", "latency not measured"),
        Column("ttft_ms", "ms", "median time to the first generated token", "where nothing is generated"),
        Column(
            "tokens_per_s", "tokens/s", "tokens that a call generates / median time", "where nothing is generated"
        ),
        Column("input_length", "tokens", "length of the timed input", "where the input has no tokens", whole=True),
        Column(
            "peak_rss_mb", "MB",
            "most memory resident while calls were timed, above what the worker took before it loaded anything",
            "latency not measured",
        ),
        Column(
            "peak_device_mb", "MB", "most memory that torch held on the accelerator while calls were timed",
            "on the CPU, or latency not measured",
        ),
        Column(
            "measured_s", "s", "time in the timed calls themselves; `wall_s` less this is what measuring cost",
            "latency not measured", is_cost=True,
        ),
    )  # fmt: skip
    requests = MappingProxyType({"warm_up": warm_up, "round": time_round})

    def carry_out(self, cell: CellAccess) -> Outcome:
        """Judge the cell's share of the interleaved rounds."""
        rounds = cell.rounds()
        if rounds.failure:
            raise rounds.failure
        return judge(rounds, cell.cell)
