"""The generated tables of the pages: what stands between `<!-- name -->` and `<!-- end -->` is written by `docs`."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from suite.core.errors import UsageError
from suite.core.files import project_root
from suite.task import Checkpoint, Task, discovery
from suite.task.miniatures import shipped

DAMAGE = "0.20"
"""The weight noise of the damage curve that the table shows."""


@dataclass(frozen=True)
class Generated:
    """A table of a page: the page, the marker that it stands under, and the function that writes its lines."""

    page: str
    marker: str
    lines: Callable[[], Iterable[str]]


def capability_table() -> Iterator[str]:
    """The capabilities and their checkpoints, from the tasks, the miniatures' cards and the committed baseline."""
    root = discovery.tasks_root()
    cards = {name: json.loads((folder / "card.json").read_text()) for name, folder in shipped(root).items()}
    yield from _rows([("capability", "checkpoint", "architecture", "accuracy is", "score", "harmed", "MB")])
    yield from _rows([("---",) * 7])
    for task in discovery.load_tasks(root).values():
        yield from _rows(_capability_row(task, checkpoint, cards) for checkpoint in task.checkpoints)


def _capability_row(task: Task, checkpoint: Checkpoint, cards: dict[str, dict]) -> tuple[str, ...]:
    card = cards.get(checkpoint.miniature or "")
    score = card["score"] and card["score"]["test"] if card else _baseline_accuracy(task, checkpoint)
    harmed = card["damage"].get(DAMAGE) if card else None
    return (
        task.name,
        checkpoint.name,
        "a tokenizer" if task.no_weights else checkpoint.architecture,
        task.metric,
        "untrained" if checkpoint.untrained else "" if score is None else f"{score:.3f}",
        "" if harmed is None else f"{harmed:.3f}",
        f"{card['bytes'] / 1e6:.2f}" if card else "package",
    )


def _baseline_accuracy(task: Task, checkpoint: Checkpoint) -> float | None:
    """What a checkpoint without a card, one out of a package, scored on the reference in the committed baseline."""
    for file in sorted((project_root() / "results" / "baselines").glob("*/cells.csv")):
        with file.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                if row["cell"] == f"{task.name}/{checkpoint.name}/eager" and row["accuracy"]:
                    return float(row["accuracy"])
    return None


def _rows(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    for row in rows:
        yield "|" + "|".join(cell if cell == "---" else f" {cell} " if cell else "  " for cell in row) + "|"


GENERATED = (Generated("tasks/README.md", "capabilities", capability_table),)


def regenerated(text: str, table: Generated) -> str:
    """The text of a page with the lines of a table written again.

    Raises:
        UsageError: the page has no such markers.
    """
    section = re.compile(rf"(<!-- {re.escape(table.marker)} -->\n).*?(<!-- end -->)", re.DOTALL)
    lines = "".join(f"{line}\n" for line in table.lines())
    written, count = section.subn(lambda markers: markers[1] + lines + markers[2], text)
    if count != 1:
        raise UsageError(
            f"{table.page} must have one section between <!-- {table.marker} --> and <!-- end -->, but has {count}."
        )
    return written


def write_pages(write: bool = True, root: Path | None = None, tables: Sequence[Generated] = GENERATED) -> list[str]:
    """Write the tables again, or with `write=False` only compare; the pages that differ from what they should say.

    Raises:
        UsageError: this is not a checkout, or a page has lost its markers.
    """
    root = root or project_root()
    changed = []
    for table in tables:
        page = root / table.page
        if not page.is_file():
            raise UsageError(f"There is no page {page}: the tables are written in a checkout of the repository.")
        text = page.read_text(encoding="utf-8")
        written = regenerated(text, table)
        if written == text:
            continue
        changed.append(table.page)
        if write:
            page.write_text(written, encoding="utf-8")
    return changed
