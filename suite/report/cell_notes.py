"""What a cell of a table leads to: its answers, and the command that runs it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from suite.analysis.frames import records
from suite.core.cell import Status
from suite.report.again import command
from suite.report.limits import LONGEST_NAME, cut
from suite.report.sample_answers import AnsweredSample
from suite.report.status_symbols import SYMBOLS


@dataclass(frozen=True)
class CellNote:
    """One cell: `id` is its anchor, `answers` that of the first sample which it answered and the page shows."""

    id: str
    cell: str
    status: str
    symbol: str
    command: str
    remark: str
    answers: str


def cell_notes(
    cells: pd.DataFrame, section: str, conditions: Mapping[str, Mapping[str, Any]], samples: Sequence[AnsweredSample]
) -> dict[int, CellNote]:
    """By the cells' indices. `conditions` are by run; the samples are those of the section, in the page's order."""
    shown = _first_samples(section, samples)
    columns = ["run", "cell", "capability", "checkpoint", "checkpoint_id", "revision", "weights", "backend", "status"]
    notes = {}
    for number, (index, row) in enumerate(zip(cells.index, records(cells[columns]), strict=True)):
        line, remark = command(row, conditions.get(row["run"], {}))
        name = f"{row['run']}: {row['cell']}" if len(conditions) > 1 else row["cell"]
        notes[index] = CellNote(
            f"{section}_{number}", cut(name, LONGEST_NAME), row["status"], SYMBOLS[Status(row["status"])].unicode, line,
            remark, shown.get((row["checkpoint"], row["backend"]), ""),
        )  # fmt: skip
    return notes


def sample_anchor(section: str, number: int) -> str:
    """The anchor of a sample; an underscore stands in no slug."""
    return f"{section}_sample_{number}"


def _first_samples(section: str, samples: Sequence[AnsweredSample]) -> dict[tuple[str, str], str]:
    first: dict[tuple[str, str], str] = {}
    for number, sample in enumerate(samples):
        for answer in sample.answers:
            for backend in answer.backends:
                first.setdefault((sample.checkpoint, backend), sample_anchor(section, number))
    return first
