"""The generated tables of the pages: what stands between `<!-- name -->` and `<!-- end -->` is written by `docs`."""

from __future__ import annotations

import ast
import csv
import inspect
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from suite.backends import REGISTRY, Backend, get_backend
from suite.core.column import Column
from suite.core.errors import UsageError
from suite.core.files import project_root
from suite.core.work import Work
from suite.records import columns
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
    yield from _table(
        ("capability", "checkpoint", "architecture", "accuracy is", "score", "harmed", "MB"),
        (
            _capability_row(task, checkpoint, cards)
            for task in discovery.load_tasks(root).values()
            for checkpoint in task.checkpoints
        ),
    )


def _capability_row(task: Task, checkpoint: Checkpoint, cards: dict[str, dict]) -> tuple[str, ...]:
    card = cards.get(checkpoint.miniature or "")
    score = card["score"] and card["score"]["test"] if card else _baseline_accuracy(task, checkpoint)
    harmed = card["damage"].get(DAMAGE) if card else None
    return (
        task.name,
        checkpoint.name,
        "a tokenizer" if task.no_weights else checkpoint.architecture,
        task.metric,
        "untrained" if checkpoint.untrained else "untuned" if _is_untuned(task, card) else _fixed(score),
        "" if harmed is None else f"{harmed:.3f}",
        f"{card['bytes'] / 1e6:.2f}" if card else "package",
    )


def _is_untuned(task: Task, card: dict[str, Any] | None) -> bool:
    return task.work is Work.TRAINING and card is not None


def _fixed(score: float | None) -> str:
    return "" if score is None else f"{score:.3f}"


def _baseline_accuracy(task: Task, checkpoint: Checkpoint) -> float | None:
    """What a checkpoint without a card, one out of a package, scored on the reference in the committed baseline."""
    for file in sorted((project_root() / "results" / "baselines").glob("*/cells.csv")):
        with file.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                if row["cell"] == f"{task.name}/{checkpoint.name}/eager" and row["accuracy"]:
                    return float(row["accuracy"])
    return None


def column_table(of: Iterable[Column]) -> Iterator[str]:
    """The columns of a result table: what each holds is said where its number comes from."""
    yield from _table(
        ("column", "type, unit", "meaning", "empty"),
        ((f"`{column.name}`", column.unit, column.meaning, column.empty) for column in of),
    )


def backend_table() -> Iterator[str]:
    """The registry: what each backend is, its dtype and tolerance, whether it builds, trains, and runs unasked."""
    yield from _table(
        ("backend", "is", "dtype", "fidelity within", "builds", "trains", "by default"),
        (
            (
                f"`{name}`",
                (inspect.getdoc(type(backend)) or "").partition("\n\n")[0].replace("\n", " "),
                backend.dtype,
                f"{backend.tolerance.fidelity:g}"
                if backend.infers and "fidelity" in backend.checks
                else "not compared",
                "yes" if backend.builds else "no",
                "no" if backend.method is None else "yes" if backend.infers else "only",
                _by_default(backend),
            )
            for name, backend in ((name, get_backend(name)) for name in REGISTRY)
        ),
    )


def _by_default(backend: Backend) -> str:
    if not backend.by_default:
        return "no"
    return "yes" if backend.by_default_on_cpu else "not on a CPU"


def room_table() -> Iterator[str]:
    """The folders of `suite/`: what each is for, as its `__init__.py` says, and which others it imports."""
    imports = room_imports(project_root() / "suite")
    yield from _table(
        ("folder", "is for", "imports"),
        ((f"`{room}`", _purpose(room), ", ".join(f"`{name}`" for name in others)) for room, others in imports.items()),
    )


def room_graph() -> Iterator[str]:
    """The same as a Mermaid graph; an import that another path of arrows already implies is left out."""
    imports = room_imports(project_root() / "suite")
    yield "```mermaid"
    yield "graph TD"
    for room, others in imports.items():
        implied = {name for other in others for name in _reachable(other, imports)}
        yield from (f"    {room} --> {other}" for other in others if other not in implied)
    yield "```"


def room_imports(suite: Path) -> dict[str, list[str]]:
    """For each folder of `suite/` but the tests, the others that its modules import anywhere; least needy first."""
    rooms = sorted(file.parent.name for file in suite.glob("*/__init__.py") if file.parent.name != "tests")
    imports: dict[str, set[str]] = {room: set() for room in rooms}
    for room in rooms:
        for file in (suite / room).rglob("*.py"):
            for name in _imported(ast.parse(file.read_text(encoding="utf-8"))):
                package, _, rest = name.partition(".")
                other = rest.partition(".")[0]
                if package == suite.name and other in imports and other != room:
                    imports[room].add(other)
    ordered = sorted(rooms, key=lambda room: (len(_reachable(room, imports)), room))
    return {room: sorted(imports[room], key=ordered.index) for room in ordered}


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _reachable(room: str, imports: Mapping[str, Iterable[str]]) -> set[str]:
    """Every folder that a folder imports, directly or through others."""
    reached: set[str] = set()
    waiting = list(imports[room])
    while waiting:
        other = waiting.pop()
        if other not in reached:
            reached.add(other)
            waiting += imports[other]
    return reached


def _purpose(room: str) -> str:
    """The first paragraph of a folder's docstring, on one line."""
    docstring = ast.get_docstring(ast.parse((project_root() / "suite" / room / "__init__.py").read_text("utf-8")))
    return " ".join((docstring or "").partition("\n\n")[0].split())


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The lines of a Markdown table."""
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield "|" + "|".join(f" {cell} " if cell else "  " for cell in row) + "|"


GENERATED = (
    Generated("results/README.md", "cells", lambda: column_table(columns.CELLS)),
    Generated("results/README.md", "samples", lambda: column_table(columns.SAMPLES)),
    Generated("results/README.md", "answers", lambda: column_table(columns.ANSWERS)),
    Generated("suite/README.md", "graph", room_graph),
    Generated("suite/README.md", "folders", room_table),
    Generated("suite/backends/README.md", "backends", backend_table),
    Generated("tasks/README.md", "capabilities", capability_table),
)


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
    changed: dict[str, None] = {}
    for table in tables:
        page = root / table.page
        if not page.is_file():
            raise UsageError(f"There is no page {page}: the tables are written in a checkout of the repository.")
        text = page.read_text(encoding="utf-8")
        written = regenerated(text, table)
        if written == text:
            continue
        changed[table.page] = None
        if write:
            page.write_text(written, encoding="utf-8")
    return list(changed)
