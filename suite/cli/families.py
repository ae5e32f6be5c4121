"""`python -m suite families`: tries every architecture, keeps what came of it, and writes the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from suite.benchmarks.families.page import lines
from suite.benchmarks.families.trial import Result
from suite.benchmarks.families.trials import (
    BACKENDS,
    Bounds,
    Row,
    families,
    inherited,
    read_rows,
    try_all,
    untried,
    write_rows,
)
from suite.task import discovery

TABLE, PAGE = "families.csv", "README.md"


@dataclass(frozen=True)
class Chosen:
    """Which Auto classes and families to try, all where none is named; `again` also those that the table has."""

    auto_classes: Sequence[str] = ()
    names: Sequence[str] = ()
    again: bool = False


LIBRARIES = ("transformers", "torch", "onnxruntime")


def write_families(into: Path, chosen: Chosen, jobs: int, seconds: int, progress: Callable[[str], None]) -> list[Row]:
    """Try what is not yet known, the reference first, and write table and page into a folder; returns what fails.

    What is known is kept as it becomes known: a run that was ended goes on where it was. What failed is tried again: it
    was to be mended meanwhile.
    """
    tasks = discovery.load_tasks(discovery.tasks_root())
    everything = families(tasks.values())
    wished = families(tasks.values(), chosen.auto_classes, chosen.names)
    wanted = {(family.auto_class, family.model_type, family.architecture) for family in wished}
    kept = [row for row in read_rows(into / TABLE) if row.cell[:3] not in wanted or not _is_tried_again(row, chosen)]

    def keep(rows: list[Row]) -> None:
        kept.extend(rows)
        write_rows(into / TABLE, kept)
        for row in rows:
            progress(" ".join((*row.cell[1:], row.result, *([f"({row.reason[:120]})"] if row.reason else []))))

    into.mkdir(parents=True, exist_ok=True)
    for backend in BACKENDS:
        try_all(untried(wished, kept, backend), tasks, Bounds(seconds, jobs, into / "log.txt"), keep)
    kept.extend(inherited(wished, kept))
    write_rows(into / TABLE, kept)
    versions = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    ordered = read_rows(into / TABLE)
    left = {(one.auto_class, one.model_type, one.architecture) for one in everything} - {row.cell[:3] for row in kept}
    (into / PAGE).write_text("\n".join(lines(ordered, versions, len(left))) + "\n", encoding="utf-8")
    return [row for row in ordered if row.result == Result.FAILS]


def _is_tried_again(row: Row, chosen: Chosen) -> bool:
    return chosen.again or row.result == Result.FAILS
