"""Runs side by side, whatever they ran: each example's verdict and each cell's status by release, and what changed."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from suite.analysis.frames import cells_of, records
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
        """The reasons, each once, those of later runs first: they say what has become of it."""
        return "; ".join(dict.fromkeys(reason for reason in reversed(self.reasons) if reason))


@dataclass(frozen=True)
class SideBySide:
    """Runs under their labels, and every example or cell of any of them."""

    labels: tuple[str, ...]
    rows: tuple[Change, ...]

    @property
    def changed(self) -> tuple[Change, ...]:
        """What differs between runs that both have it."""
        return tuple(row for row in self.rows if len(set(row.outcomes) - {MISSING}) > 1)

    def capabilities(self) -> dict[str, tuple[dict[str, int], ...]]:
        """For each capability, and for the examples of each document: how often each outcome occurs in each run."""
        found: dict[str, tuple[dict[str, int], ...]] = {}
        for row in self.rows:
            group = row.name.partition("/")[0] if row.kind == "cell" else row.name.rpartition(":")[0]
            counts = found.setdefault(group, tuple({} for _ in self.labels))
            for count, outcome in zip(counts, row.outcomes, strict=True):
                count[outcome] = count.get(outcome, 0) + 1
        return found


def side_by_side(folders: Sequence[Path]) -> SideBySide:
    """Read runs, of cells or of examples or of both."""
    outcomes = [_outcomes(RunFolder(folder)) for folder in folders]
    names = {key: None for found in outcomes for key in found}
    rows = tuple(
        Change(
            name,
            kind,
            tuple(found.get((kind, name), (MISSING, ""))[0] for found in outcomes),
            tuple(found.get((kind, name), ("", ""))[1] for found in outcomes),
        )
        for kind, name in names
    )
    return SideBySide(_labels(folders), rows)


def _outcomes(run: RunFolder) -> dict[tuple[str, str], tuple[str, str]]:
    examples = {("example", row["example"]): (row["verdict"], row["sentence"]) for row in run.examples()}
    cells = records(cells_of(run)) if run.has_cells else []
    return examples | {("cell", row["cell"]): (row["status"], row["reason"]) for row in cells}


def _labels(folders: Sequence[Path]) -> tuple[str, ...]:
    known = [RunFolder(folder).conditions() for folder in folders]
    labels = [_label(conditions) for conditions in known]
    return tuple(
        label if labels.count(label) == 1 else f"{label} ({run['run']})"
        for label, run in zip(labels, known, strict=True)
    )


def _label(conditions: Mapping[str, Any]) -> str:
    return f"{LIBRARY} {conditions.get('libraries', {}).get(LIBRARY, '?')}"


def write_changes(folders: Sequence[Path], into: Path) -> Path:
    """comparison.md, comparison.csv: every example and cell by run, and what changed and why. Returns the first."""
    found = side_by_side(folders)
    into.mkdir(parents=True, exist_ok=True)
    with (into / "comparison.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["name", "kind", *found.labels, "changed", "why"])
        for row in found.rows:
            writer.writerow([row.name, row.kind, *row.outcomes, row in found.changed, row.why])
    path = into / "comparison.md"
    path.write_text(markdown(found), encoding="utf-8")
    return path


def markdown(found: SideBySide) -> str:
    """The two tables in Markdown."""
    head = ["| | " + " | ".join(found.labels) + " |", "|---|" + "---|" * len(found.labels)]
    lines = [f"# {' beside '.join(found.labels)}", "", *head]
    for group, counts in found.capabilities().items():
        told = [", ".join(f"{count} {outcome}" for outcome, count in sorted(one.items())) for one in counts]
        lines.append(f"| {group} | " + " | ".join(told) + " |")
    lines += ["", f"## Changed: {len(found.changed)} of {len(found.rows)}", ""]
    if found.changed:
        lines += ["| | " + " | ".join(found.labels) + " | why |", "|---|" + "---|" * (len(found.labels) + 1)]
        lines += [f"| `{row.name}` | " + " | ".join(row.outcomes) + f" | {_cell(row.why)} |" for row in found.changed]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
