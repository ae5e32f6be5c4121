"""The files of a run of courses: examples.csv, course.md to paste into an issue, course.html to look at."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from suite.core.markdown_text import code, escape
from suite.core.page_policy import policy, shown
from suite.core.printable import printable
from suite.core.spreadsheet import guard
from suite.course.verdicts.verdict import PASSING, SKIPPING, Verdict
from suite.records.run_folder import RunFolder

COLUMNS = (
    "example", "document", "line", "text", "verdict", "sentence", "removed_name", "removed_in", "replacement",
    "checkpoints", "hosts_tried", "capped", "wall_s",
)  # fmt: skip
"""The columns of examples.csv, in order. `results/README.md` defines each."""
_DEFAULTS = dict.fromkeys(COLUMNS, "") | {"wall_s": 0.0}
LIBRARIES = ("transformers", "torch", "datasets", "huggingface-hub")
ORDER = {str(verdict): place for place, verdict in enumerate(Verdict)}


def write_course(folder: Path) -> None:
    """Write the three files beside the run's rows."""
    run = RunFolder(folder)
    conditions = run.conditions()
    known = [row for row in run.examples() if row["verdict"] in ORDER]
    rows = [_DEFAULTS | {name: value for name, value in row.items() if value is not None} for row in known]
    with (folder / "examples.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore")
        writer.writeheader()
        writer.writerows({name: guard(_printable(value)) for name, value in row.items()} for row in rows)
    (folder / "course.md").write_text(markdown(rows, conditions), encoding="utf-8")
    (folder / "course.html").write_text(page(rows, conditions), encoding="utf-8")


def counts(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """How many examples got each verdict, best first."""
    totals = Counter(str(row["verdict"]) for row in rows)
    return {verdict: totals[verdict] for verdict in ORDER if totals[verdict]}


def to_fix(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The examples that neither pass nor wait for something that is not there."""
    return [row for row in rows if row["verdict"] not in (*PASSING, *SKIPPING)]


def versions(conditions: Mapping[str, Any]) -> str:
    """The releases that the examples were held against."""
    known = conditions.get("libraries", {})
    return ", ".join(f"{name} {known[name]}" for name in LIBRARIES if name in known)


def markdown(rows: Sequence[Mapping[str, Any]], conditions: Mapping[str, Any]) -> str:
    """A summary in Markdown."""
    documents = len({row["document"] for row in rows})
    lines = [
        f"# {len(rows)} examples in {documents} documents",
        "",
        f"Run with {escape(versions(conditions))}.",
        "",
        "| verdict | examples |",
        "|---|---:|",
        *(f"| {verdict} | {count} |" for verdict, count in counts(rows).items()),
    ]
    broken = to_fix(rows)
    if broken:
        lines += ["", "## To fix", "", "| example | verdict | what | instead |", "|---|---|---|---|"]
        for row in broken:
            rest = [escape(row[name]) for name in ("verdict", "sentence", "replacement")]
            lines.append(f"| {' | '.join([code(row['example']), *rest])} |")
    for sentence in without_rows(conditions):
        lines += ["", escape(sentence)]
    return "\n".join(lines) + "\n"


def without_rows(conditions: Mapping[str, Any]) -> list[str]:
    """Sentences on the documents that have no row: those without an example, and those that were not read."""
    empty, unread = conditions.get("without_examples", []), conditions.get("unread", {})
    lines = [f"Without an example: {', '.join(empty)}."] if empty else []
    return lines + [f"Not read: {document} ({problem})." for document, problem in unread.items()]


def _printable(value: Any) -> Any:
    return printable(value) if isinstance(value, str) else value


def page(rows: Sequence[Mapping[str, Any]], conditions: Mapping[str, Any]) -> str:
    """One HTML page: each document a strip of its examples, and what is to fix."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    here = Path(__file__).parent
    environment = Environment(
        loader=FileSystemLoader(here), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        finalize=shown,
    )  # fmt: skip
    style = (here / "course.css").read_text(encoding="utf-8")
    by_document: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_document.setdefault(row["document"], []).append(row)
    return environment.get_template("course.html.j2").render(
        style=style,
        policy=policy(style),
        rows=rows,
        documents=by_document,
        counts=counts(rows),
        fix=to_fix(rows),
        without_rows=without_rows(conditions),
        versions=versions(conditions),
        run=conditions.get("run", ""),
        courses=conditions.get("courses", []),
    )
