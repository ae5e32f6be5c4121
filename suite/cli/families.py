"""`python -m suite families`: tries every architecture, keeps what came of it, and writes the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from suite.benchmarks.families.page import lines
from suite.benchmarks.families.trial import Result
from suite.benchmarks.families.trials import Bounds, Row, families, read_rows, try_all, write_rows
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
    """Try what is not yet known, and write table and page into a folder; returns what fails."""
    tasks = discovery.load_tasks(discovery.tasks_root())
    wished = families(tasks.values(), chosen.auto_classes, chosen.names)
    wanted = {(family.auto_class, family.architecture) for family in wished}
    kept = [
        row for row in read_rows(into / TABLE) if not chosen.again or (row.auto_class, row.architecture) not in wanted
    ]
    known = {(row.auto_class, row.architecture) for row in kept}
    pending = [family for family in wished if (family.auto_class, family.architecture) not in known]

    def keep(rows: list[Row]) -> None:
        kept.extend(rows)
        write_rows(into / TABLE, kept)
        told = "; ".join(f"{row.backend} {row.result}{f' ({row.reason[:120]})' if row.reason else ''}" for row in rows)
        progress(f"{rows[0].auto_class} {rows[0].architecture}: {told}")

    into.mkdir(parents=True, exist_ok=True)
    try_all(pending, tasks, Bounds(seconds, jobs, into / "log.txt"), keep)
    everything = {(one.auto_class, one.architecture) for one in families(tasks.values())}
    versions = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    ordered = read_rows(into / TABLE)
    (into / PAGE).write_text(
        "\n".join(lines(ordered, versions, len(everything - {(row.auto_class, row.architecture) for row in kept})))
        + "\n",
        encoding="utf-8",
    )
    return [row for row in ordered if row.result == Result.FAILS]
