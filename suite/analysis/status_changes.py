"""Examples' verdicts and cells' statuses of several runs side by side, and which of them changed between releases."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from suite.analysis.frames import cells_of, records
from suite.core.markdown_text import code, escape
from suite.core.printable import printable
from suite.core.spreadsheet import guard
from suite.records.run_folder import RunFolder

LIBRARY = "transformers"
MISSING = "not run"


@dataclass(frozen=True)
class Change:
    """An example or a cell in several runs. `outcomes` and `reasons` are in the order of the runs."""

    name: str
    kind: str
    outcomes: tuple[str, ...]
    reasons: tuple[str, ...]

    @property
    def why(self) -> str:
        """The reasons, each once, those of later runs first."""
        return "; ".join(dict.fromkeys(reason for reason in reversed(self.reasons) if reason))


@dataclass(frozen=True)
class SideBySide:
    """Runs under their labels, and every example or cell of any of them."""

    labels: tuple[str, ...]
    rows: tuple[Change, ...]

    @property
    def changed(self) -> tuple[Change, ...]:
        """The rows whose outcome differs between the runs that have it."""
        return tuple(row for row in self.rows if len(set(row.outcomes) - {MISSING}) > 1)

    def capabilities(self) -> dict[str, tuple[Counter[str], ...]]:
        """For each capability, and for the examples of each document: how often each outcome occurs in each run."""
        groups: dict[str, tuple[Counter[str], ...]] = {}
        for row in self.rows:
            group = row.name.partition("/")[0] if row.kind == "cell" else row.name.rpartition(":")[0]
            counts = groups.setdefault(group, tuple(Counter() for _ in self.labels))
            for count, outcome in zip(counts, row.outcomes, strict=True):
                count[outcome] += 1
        return groups


def side_by_side(folders: Sequence[Path]) -> SideBySide:
    """Read runs, of cells or of examples or of both."""
    runs = [_outcomes(RunFolder(folder)) for folder in folders]
    names = {key: None for outcomes in runs for key in outcomes}
    rows = tuple(
        Change(
            name,
            kind,
            tuple(outcomes.get((kind, name), (MISSING, ""))[0] for outcomes in runs),
            tuple(outcomes.get((kind, name), ("", ""))[1] for outcomes in runs),
        )
        for kind, name in names
    )
    return SideBySide(_labels(folders), rows)


def _outcomes(run: RunFolder) -> dict[tuple[str, str], tuple[str, str]]:
    examples = {("example", row["example"]): (row["verdict"], row["sentence"]) for row in run.examples()}
    cells = records(cells_of(run)) if run.has_cells else []
    return examples | {("cell", row["cell"]): (row["status"], row["reason"]) for row in cells}


def _labels(folders: Sequence[Path]) -> tuple[str, ...]:
    runs = [RunFolder(folder).conditions() for folder in folders]
    labels = [_label(conditions) for conditions in runs]
    return tuple(
        label if labels.count(label) == 1 else f"{label} ({run.get('run', folder.name)})"
        for label, run, folder in zip(labels, runs, folders, strict=True)
    )


def _label(conditions: Mapping[str, Any]) -> str:
    return f"{LIBRARY} {conditions.get('libraries', {}).get(LIBRARY, '?')}"


def write_changes(folders: Sequence[Path], into: Path) -> Path:
    """comparison.md, comparison.csv: every example and cell by run, and what changed and why. Returns the first."""
    comparison = side_by_side(folders)
    into.mkdir(parents=True, exist_ok=True)
    with (into / "comparison.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(map(_cell, ["name", "kind", *comparison.labels, "changed", "why"]))
        for row in comparison.rows:
            outcomes = [row.name, row.kind, *row.outcomes, row in comparison.changed, row.why]
            writer.writerow(map(_cell, outcomes))
    path = into / "comparison.md"
    path.write_text(markdown(comparison), encoding="utf-8")
    return path


def _cell(value: Any) -> Any:
    return guard(printable(value)) if isinstance(value, str) else value


def markdown(comparison: SideBySide) -> str:
    """The two tables in Markdown."""
    labels = [escape(label) for label in comparison.labels]
    head = ["| | " + " | ".join(labels) + " |", "|---|" + "---|" * len(labels)]
    lines = [f"# {' beside '.join(labels)}", "", *head]
    for group, counts in comparison.capabilities().items():
        columns = [", ".join(f"{count} {outcome}" for outcome, count in sorted(one.items())) for one in counts]
        lines.append(f"| {escape(group)} | " + " | ".join(map(escape, columns)) + " |")
    lines += ["", f"## Changed: {len(comparison.changed)} of {len(comparison.rows)}", ""]
    if comparison.changed:
        lines += ["| | " + " | ".join(labels) + " | why |", "|---|" + "---|" * (len(labels) + 1)]
        lines += [
            f"| {code(row.name)} | " + " | ".join(map(escape, row.outcomes)) + f" | {escape(row.why)} |"
            for row in comparison.changed
        ]
    return "\n".join(lines) + "\n"
