"""The HTML page: the frames of one or more runs, as tables, figures and sentences, in one template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from suite import __version__
from suite.analysis import between_runs
from suite.analysis.frames import FLOOR, REFERENCE, records
from suite.analysis.speedup import speedups
from suite.core.page_policy import policy, shown
from suite.core.privacy import scrub
from suite.report import conditions_table, number_format, plots, status_symbols, tables
from suite.report.added_sections import AddedSection
from suite.report.gallery import Gallery, RenderedFigure, slug
from suite.report.models_section import ModelsSection
from suite.report.sample_answers import AnsweredSample
from suite.report.style import css_variables

_HERE = Path(__file__).parent
_MEMORY_CAPTION = (
    "The most memory resident while calls were timed, above what the worker took before it loaded anything. Dotted, "
    f"where it was measured: the harness floor ({FLOOR}), a worker that runs no model."
)


@dataclass(frozen=True)
class Section:
    """The section of one capability."""

    id: str
    name: str
    lead: str
    figures: list[RenderedFigure]
    table: tables.Table
    not_passed: list[dict[str, str]]
    sample_answers: Sequence[AnsweredSample]
    models: ModelsSection | None


def render(
    cells: pd.DataFrame,
    samples: pd.DataFrame,
    run_conditions: Sequence[Mapping[str, Any]],
    gallery: Gallery,
    sample_answers: Mapping[str, Sequence[AnsweredSample]] | None = None,
    *,
    added: Sequence[AddedSection] = (),
    models: Mapping[str, ModelsSection] | None = None,
) -> str:
    """The page. Figures are drawn, and saved, through `gallery`; `sample_answers` and `models` are by capability.

    `added` are the sections of installed packages.
    """
    cells = tables.ordered(cells)
    runs = [str(run["run"]) for run in run_conditions]
    faster = speedups(samples)
    groups = between_runs.group_runs(run_conditions) if len(runs) > 1 else []
    letters = {run: group.letter for group in groups for run in group.runs}
    used_ids = {"overview", "comparison", "speed-up", "memory", "not-passed", "notes", "conditions"}
    sections = [
        _section(
            _anchor(str(name), used_ids),
            group,
            samples[samples["capability"] == name],
            faster,
            letters=letters,
            gallery=gallery,
            sample_answers=(sample_answers or {}).get(str(name), ()),
            models=(models or {}).get(str(name)),
        )
        for name, group in cells.groupby("capability", sort=False)
    ]
    style = _style()
    context: dict[str, Any] = {
        "title": runs[0] if len(runs) == 1 else f"{len(runs)} runs",
        "version": __version__,
        "runs": [f"{letters[run]}: {run}" if letters else run for run in runs],
        "verdict": status_symbols.verdict(cells["status"]),
        "counts": [
            {"status": str(status), "symbol": status_symbols.SYMBOLS[status].unicode, "count": number}
            for status, number in status_symbols.counts(cells["status"])
        ],
        "scope": _scope(cells, run_conditions),
        "warnings": _warnings(cells, samples, run_conditions),
        "groups": groups,
        "sections": sections,
        "added": added,
        "not_passed": tables.not_passed(cells, with_run=len(runs) > 1),
        "notes": tables.notes(cells),
        "conditions": conditions_table.table(run_conditions),
        "style": Markup(style),
        "policy": policy(style),
        "matrix": None, "comparisons": [], "repeatability": None, "speedup": None, "memory": None, "size": None,
    }  # fmt: skip
    context |= _of_several_runs(cells, groups, gallery) if groups else _of_one_run(cells, faster, gallery)
    context["contents"] = _contents(context)
    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, finalize=shown, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    return environment.get_template("report.html.j2").render(context)


def _style() -> str:
    dark = f"@media (prefers-color-scheme: dark) {{ :root {{ {css_variables(dark=True)} }} }}"
    sheet = (_HERE / "report.css").read_text(encoding="utf-8")
    return f"\n:root {{ {css_variables(dark=False)} }}\n{dark}\n{sheet}\n"


def _of_one_run(cells: pd.DataFrame, faster: pd.DataFrame, gallery: Gallery) -> dict[str, Any]:
    significant = int((faster["p_adjusted"] < between_runs.SIGNIFICANT).sum())
    cycles = faster["cycles"].min() if len(faster) else 0
    caption = (
        f"Dot: median ratio; line: 95 % bootstrap interval over the cycles of this run. {significant} of {len(faster)} "
        "differ from eager in Wilcoxon's signed-rank test at 5 %, corrected for the number of cells (Benjamini and "
        "Hochberg)."
    )
    if len(faster) and cycles < 6:
        caption += f" With {cycles} cycle{'s' if cycles > 1 else ''} that test cannot reach 5 %: six are needed."
    return {
        "matrix": tables.matrix(cells),
        "speedup": gallery.add("speed-up", plots.speedup(faster), _describe_speedups(faster), caption),
        "memory": gallery.add(
            "memory", plots.bars(cells, "peak_rss_mb", "largest resident memory, MB"),
            _describe(cells, "peak_rss_mb", "Largest resident memory", "MB"), _MEMORY_CAPTION,
        ),
        "size": gallery.add(
            "size", plots.bars(cells, "size_mb", "size of the weights, MB"),
            _describe(cells, "size_mb", "Size of the weights", "MB"),
        ),
    }  # fmt: skip


def _of_several_runs(cells: pd.DataFrame, groups: list[between_runs.Group], gallery: Gallery) -> dict[str, Any]:
    if len(groups) == 1:
        return {"repeatability": tables.repeatability(between_runs.spread(cells))}
    comparisons = []
    for other in groups[1:]:
        table = between_runs.compare(cells, groups[0], other)
        a, b = groups[0].letter, other.letter
        figure = plots.speedup(table, f"faster in {b} than in {a}")
        comparisons.append({
            "explanation": between_runs.explain_test(groups[0], other),
            "figure": gallery.add(f"comparison-{a}-{b}", figure, f"{b} against {a}. {_describe_speedups(table)}"),
            "table": tables.comparison(table, a, b),
        })  # fmt: skip
    return {"comparisons": comparisons}


def _anchor(name: str, used: set[str]) -> str:
    anchor = next(a for n in count() if (a := f"{slug(name)}{f'-{n}' if n else ''}") not in used)
    used.add(anchor)
    return anchor


def _section(
    anchor: str, cells: pd.DataFrame, samples: pd.DataFrame, faster: pd.DataFrame, *, letters: Mapping[str, str],
    gallery: Gallery, sample_answers: Sequence[AnsweredSample], models: ModelsSection | None,
) -> Section:  # fmt: skip
    if letters:
        figures = [
            gallery.add(
                f"runs-{anchor}", plots.run_medians(cells, dict(letters)),
                f"Median latency of every run. {_describe(cells, 'latency_p50_ms', '', 'ms')}",
            )
        ]  # fmt: skip
    else:
        figures = [
            None if models and models.figure else gallery.add(
                f"accuracy-{anchor}", plots.accuracy_against_latency(cells), _describe_accuracy(cells),
                "Bars: standard error. Dashed: Pareto front, beaten by no cell that passed. Hollow: did not pass.",
            ),
            gallery.add(
                f"latency-{anchor}", plots.latency_distribution(samples, list(cells["backend"])),
                _describe(cells, "latency_p50_ms", "Median latency", "ms"), _floor_caption(cells),
            ),
        ]  # fmt: skip
    return Section(
        anchor, str(cells["capability"].iloc[0]), _lead(cells), [figure for figure in figures if figure],
        tables.measurements(cells, faster, letters), tables.not_passed(cells, with_run=bool(letters)), sample_answers,
        models,
    )  # fmt: skip


def _lead(cells: pd.DataFrame) -> str:
    parts = []
    for row in records(cells.drop_duplicates(["checkpoint", "checkpoint_id", "revision", "architecture"])):
        is_local = row["weights"] == "local"  # its id is the name of its folder, and it has no revision
        revision = f" at {row['revision'][:10]}" if row["revision"] and not is_local else ""
        checkpoint = (row["checkpoint"] if is_local else row["checkpoint_id"]) + revision
        parts.append(f"{checkpoint} ({row['architecture']})" if row["architecture"] else checkpoint)
    first = cells.iloc[0]
    facts = [f"{first['weights']} weights"] if first["weights"] else []
    if not number_format.is_missing(cells["samples"].max()):
        facts.append(f"{int(cells['samples'].max())} samples")
    if not number_format.is_missing(cells["chance"].max()):
        facts.append(f"chance {number_format.fixed(cells['chance'].max())}")
    if not number_format.is_missing(cells["input_length"].max()):
        facts.append(f"input length {int(cells['input_length'].max())}")
    return f"{', '.join(parts)}: {', '.join(facts)}." if facts else f"{', '.join(parts)}."


def _floor_caption(cells: pd.DataFrame) -> str:
    floor = cells.loc[cells["backend"] == FLOOR, "latency_p50_ms"].dropna()
    return "" if floor.empty else f"The harness floor ({FLOOR}) is {number_format.duration(float(floor.median()))}."


def _scope(cells: pd.DataFrame, run_conditions: Sequence[Mapping[str, Any]]) -> str:
    kinds = {"capability": "capabilities", "checkpoint": "checkpoints", "backend": "backends"}
    counts = [
        f"{number} {kind if number == 1 else plural}"
        for kind, plural in kinds.items()
        if (number := int(cells[kind].nunique()))
    ]
    shared = conditions_table.under_test(run_conditions[0])
    for other in run_conditions[1:]:
        others = conditions_table.under_test(other)
        shared = [word for word in shared if word in others]
    return ", ".join([*counts, *shared])


def _warnings(cells: pd.DataFrame, samples: pd.DataFrame, run_conditions: Sequence[Mapping[str, Any]]) -> list[str]:
    warnings = []
    for run in run_conditions:
        if run.get("goes_on") and not run.get("finished"):
            warnings.append(f"Run {run['run']} is unfinished and goes on: what it has measured so far is shown.")
        elif not run.get("finished"):
            warnings.append(
                f"Run {run['run']} has no recorded end: it was interrupted, and what it had measured is shown."
            )
        missing = set(run.get("cells") or []) - set(cells.loc[cells["run"] == run["run"], "cell"])
        if missing:
            warnings.append(f"Run {run['run']} has no row for {len(missing)} of the cells that it selected.")
        if run.get("git_dirty"):
            warnings.append(f"Run {run['run']} was made with uncommitted changes: its git revision does not say all.")
        warnings += [scrub(str(warning)) for warning in run.get("warnings") or []]
    measured = set(cells.loc[cells["latency_p50_ms"].notna(), "run"])
    warnings += [
        f"Run {name} has no samples.jsonl: without single calls there are no speed-ups and no spread to show."
        for name in dict.fromkeys(cells["run"])
        if name in measured - set(samples["run"])
    ]
    if len(cells) and REFERENCE not in set(cells["backend"]):
        warnings.append(f"No cell ran on {REFERENCE}, the reference: there is no speed-up to show.")
    return warnings


def _contents(context: Mapping[str, Any]) -> list[tuple[str, str]]:
    entries = [("overview", "Overview")] if context["matrix"] and context["matrix"].rows else []
    if context["comparisons"] or context["repeatability"]:
        entries.append(("comparison", "Comparison" if context["comparisons"] else "Spread"))
    entries += [("speed-up", "Speed-up")] if context["speedup"] else []
    entries += [("memory", "Memory and size")] if context["memory"] or context["size"] else []
    entries += [(section.id, section.name) for section in context["sections"]]
    entries += [(section.id, section.title) for section in context["added"]]
    entries += [("not-passed", "Not passed")] if context["not_passed"] else []
    entries += [("notes", "Notes")] if context["notes"] else []
    return [*entries, ("conditions", "Conditions")]


def _describe(cells: pd.DataFrame, column: str, what: str, unit: str) -> str:
    several = cells["capability"].nunique() > 1
    entries = [
        f"{row['capability'] + ' ' if several else ''}{row['backend']} {number_format.significant(row[column])} {unit}"
        for row in records(cells)
        if not number_format.is_missing(row[column])
    ]
    return f"{what + ': ' if what else ''}{', '.join(entries)}."


def _describe_accuracy(cells: pd.DataFrame) -> str:
    entries = [
        f"{row['backend']} {number_format.fixed(row['accuracy'])} at "
        f"{number_format.significant(row['latency_p50_ms'])} ms"
        for row in records(cells)
        if not number_format.is_missing(row["accuracy"]) and row["backend"] != FLOOR
    ]
    return f"Accuracy against median latency: {', '.join(entries)}."


def _describe_speedups(table: pd.DataFrame) -> str:
    entries = [
        f"{row['capability']} on {row['backend']} {number_format.significant(row['speedup'])} times"
        for row in records(table)
    ]
    return f"How many times faster: {', '.join(entries)}."
