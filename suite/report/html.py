"""The HTML page: the frames of one or more runs, as tables, figures and sentences, in one template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from suite import __version__
from suite.analysis import between_runs
from suite.analysis.frames import FLOOR, REFERENCE, records
from suite.analysis.speedup import speedups, without_reference
from suite.core.page_policy import policy, shown
from suite.core.privacy import scrub
from suite.core.runnable import ON_MEMORY, ON_SPEED
from suite.core.work import Work
from suite.report import (
    backend_notes,
    captions,
    conditions_table,
    figure_descriptions,
    number_format,
    plots,
    status_symbols,
    tables,
)
from suite.report import gallery as gallery_module
from suite.report import loss_curves as losses
from suite.report.added_sections import AddedSection
from suite.report.cell_notes import CellNote, cell_notes
from suite.report.gallery import Gallery, RenderedFigure, slug
from suite.report.limits import (
    LONGEST_NAME,
    MOST_FIGURE_ROWS,
    MOST_MARKS,
    MOST_STRIPS,
    MOST_TICKS,
    Limits,
    cut,
    left_out,
    shares,
)
from suite.report.models_section import ModelsSection
from suite.report.sample_answers import Shown
from suite.report.style import css_variables

_HERE = Path(__file__).parent
_MEMORY_CAPTION = (
    "The most memory resident while calls were timed, above what the worker took before it loaded anything. Upright "
    f"lines, where it was measured: the harness floor ({FLOOR}), a worker that runs no model."
)
_PLOTS = "the option --plots (of pytest, and of python -m suite report)"
_MOST_WARNINGS = 50
_MOST_NAMED, _MOST_IN_FULL = 12, 4
"""Checkpoints named above a section; of more than the second only the names."""


@dataclass(frozen=True)
class Section:
    """The section of one capability."""

    id: str
    name: str
    lead: str
    figures: list[RenderedFigure]
    table: tables.Table
    not_passed: tables.NotPassed
    answers: Shown
    models: ModelsSection | None
    cells: list[CellNote]
    undrawn: str = ""
    """Why it has no figures."""


@dataclass(frozen=True)
class Sources:
    """What the page is made of besides the frames. `added` are the sections of installed packages.

    `answers`, `models` and `curves` (losses) are by capability; `log` is whether the run's log lies beside the page.
    """

    answers: Mapping[str, Shown] = field(default_factory=dict)
    added: Sequence[AddedSection] = ()
    models: Mapping[str, ModelsSection] = field(default_factory=dict)
    log: bool = False
    curves: Mapping[str, Sequence[losses.Curve]] = field(default_factory=dict)


def render(
    cells: pd.DataFrame, samples: pd.DataFrame, run_conditions: Sequence[Mapping[str, Any]], gallery: Gallery, *,
    sources: Sources | None = None, limits: Limits | None = None, faster: pd.DataFrame | None = None,
) -> str:  # fmt: skip
    """The page. Figures are drawn through `gallery`; `faster` are the speed-ups, where they are known already."""
    sources, limits = sources or Sources(), limits or Limits()
    cells = tables.ordered(cells)
    runs = [str(run["run"]) for run in run_conditions]
    faster = speedups(samples) if faster is None else faster
    groups = between_runs.group_runs(run_conditions) if len(runs) > 1 else []
    letters = {run: group.letter for group in groups for run in group.runs}
    capabilities = list(dict.fromkeys(cells["capability"]))
    sections = _sections(cells, samples, faster, letters, run_conditions, gallery=gallery, sources=sources,
                         limits=limits)  # fmt: skip
    style, script = _style(), _script()
    anchors = {index: note.id for _, notes in sections for index, note in notes.items()}
    context: dict[str, Any] = {
        "title": runs[0] if len(runs) == 1 else f"{len(runs)} runs",
        "version": __version__,
        "runs": [f"{letters[run]}: {run}" if letters else run for run in runs],
        "verdict": status_symbols.verdict(cells["status"]),
        "counts": [
            {"status": str(status), "symbol": status_symbols.SYMBOLS[status].unicode, "count": f"{number:,}"}
            for status, number in status_symbols.counts(cells["status"])
        ],
        "scope": _scope(cells, run_conditions),
        "warnings": _warnings(cells, samples, faster, run_conditions),
        "groups": groups,
        "sections": [section for section, _ in sections],
        "sections_note": left_out(len(sections), len(capabilities), "capabilities"),
        "added": sources.added,
        "log": sources.log,
        "not_passed": tables.not_passed(cells, len(runs) > 1, limits.reasons, anchors),
        "notes": backend_notes.notes(cells, limits.notes, limits.noted_cells),
        "on_speed": backend_notes.remarks(cells, ON_SPEED),
        "on_memory": backend_notes.remarks(cells, ON_MEMORY),
        "conditions": conditions_table.table(run_conditions),
        "style": Markup(style),
        "script": Markup(script),
        "policy": policy(style, script),
        "matrix": None, "training": None, "comparisons": [],
        "repeatability": None, "speedup": None, "memory": None, "size": None,
    }  # fmt: skip
    context |= (
        _of_several_runs(cells, groups, gallery, limits) if groups else _of_one_run(cells, faster, gallery, limits)
    )
    if gallery.left_out:
        context["warnings"].append(
            f"{gallery.left_out:,} figures are not on this page, which holds {gallery_module.MOST}: {_PLOTS} "
            "writes all of them to plots/."
        )
    context["contents"] = _contents(context)
    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, finalize=shown, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["name"] = lambda text: cut(text, LONGEST_NAME)
    return environment.get_template("report.html.j2").render(context)


def _script() -> str:
    return f"\n{(_HERE / 'report.js').read_text(encoding='utf-8')}"


def _sections(
    cells: pd.DataFrame, samples: pd.DataFrame, faster: pd.DataFrame, letters: Mapping[str, str],
    run_conditions: Sequence[Mapping[str, Any]], *, gallery: Gallery, sources: Sources, limits: Limits,
) -> list[tuple[Section, dict[int, CellNote]]]:  # fmt: skip
    """The sections of the first capabilities, with the notes on their cells by index."""
    used_ids = {"overview", "comparison", "speed-up", "memory", "not-passed", "notes", "conditions"}
    capabilities = list(cells.groupby("capability", sort=False))
    groups = capabilities[: limits.sections]
    rows = shares([len(group) for _, group in groups], limits.rows)
    timed = dict(list(samples.groupby("capability", sort=False)))
    conditions = {str(run["run"]): run for run in run_conditions}
    sections = []
    for number, ((key, group), most) in enumerate(zip(groups, rows, strict=True)):
        name, anchor = str(key), _anchor(str(key), used_ids)
        models, answers = sources.models.get(name), sources.answers.get(name, Shown())
        chosen = tables.worst_first(group[group["status"] != "unsupported"], most)
        notes = cell_notes(chosen, anchor, conditions, answers.samples)
        anchors = {index: note.id for index, note in notes.items()}
        is_drawn = number < limits.illustrated
        drawing = gallery if is_drawn else gallery.files_alone()
        figures = (
            _figures(
                anchor, group, timed.get(key, samples[:0]), letters, gallery=drawing, models=models,
                curves=sources.curves.get(name, ()),
            )
            if drawing else []
        )  # fmt: skip
        section = Section(
            anchor, cut(name, LONGEST_NAME), _lead(group), figures,
            tables.measurements(group, faster, letters, most, anchors),
            tables.not_passed(group, bool(letters), limits.section_reasons, anchors), answers, models,
            list(notes.values()),
            "" if is_drawn else
            f"Figures of {limits.illustrated} of {len(capabilities):,} capabilities are on the page; {_PLOTS} "
            "writes those of the others to plots/.",
        )  # fmt: skip
        sections.append((section, notes))
    return sections


def _style() -> str:
    dark = f"@media screen and (prefers-color-scheme: dark) {{ :root {{ {css_variables(dark=True)} }} }}"
    sheet = (_HERE / "report.css").read_text(encoding="utf-8")
    return f"\n:root {{ {css_variables(dark=False)} }}\n{dark}\n{sheet}\n"


def _of_one_run(cells: pd.DataFrame, faster: pd.DataFrame, gallery: Gallery, limits: Limits) -> dict[str, Any]:
    significant = int((faster["p_adjusted"] < between_runs.SIGNIFICANT).sum())
    cycles = faster["cycles"].min() if len(faster) else 0
    caption = (
        f"Dot: median ratio; line: 95 % bootstrap interval over the cycles of this run. {significant:,} of "
        f"{len(faster):,} differ from eager in Wilcoxon's signed-rank test at 5 %, corrected for the number of cells "
        "(Benjamini and Hochberg)."
    )
    if len(faster) and cycles < 6:
        caption += f" With {cycles} cycle{'s' if cycles > 1 else ''} that test cannot reach 5 %: six are needed."
    is_training = cells["work"] == Work.TRAINING
    answering, training = cells[~is_training], cells[is_training]
    pairs = len(answering[["capability", "checkpoint"]].drop_duplicates())
    several = int(answering[["capability", "backend"]].duplicated().sum())
    as_summary = pairs > limits.matrix_rows and several
    rows = len(faster[["capability", "checkpoint"]].drop_duplicates())
    rows_in_order = tables.ordered(faster)
    return {
        "matrix": (tables.summary if as_summary else tables.matrix)(answering, limits.matrix_rows),
        "training": tables.matrix(training, limits.matrix_rows),
        "matrix_lead": (
            "How many cells of a kind have its worst status, and the medians of their accuracies and latencies: single "
            "cells are too many for one page, and all of them are in cells.csv."
            if as_summary else "Accuracy (0 to 1) and median latency of every cell."
        ),
        "speedup": gallery.add(
            "speed-up", plots.speedup(rows_in_order), figure_descriptions.speedups(rows_in_order),
            " ".join(filter(None, [caption, left_out(min(rows, MOST_FIGURE_ROWS), rows, "rows"),
                                   captions.backends_left_out(faster), captions.ratios_left_out(faster)])),
        ),
        "memory": gallery.add(
            "memory", plots.costs(cells, "peak_rss_mb", "largest resident memory, MB"),
            figure_descriptions.measured(cells, "peak_rss_mb", "Largest resident memory", "MB"),
            " ".join(filter(None, [_MEMORY_CAPTION, backend_notes.small_weights(cells),
                                   captions.rows_left_out(cells, "peak_rss_mb"), captions.backends_left_out(cells)])),
        ),
        "size": gallery.add(
            "size", plots.costs(cells, "size_mb", "size of the weights, MB"),
            figure_descriptions.measured(cells, "size_mb", "Size of the weights", "MB"),
            f"{captions.rows_left_out(cells, 'size_mb')} {captions.backends_left_out(cells)}".strip(),
        ),
    }  # fmt: skip


def _of_several_runs(
    cells: pd.DataFrame, groups: list[between_runs.Group], gallery: Gallery, limits: Limits
) -> dict[str, Any]:
    if len(groups) == 1:
        return {"repeatability": tables.repeatability(between_runs.spread(cells), limits.rows)}
    comparisons = []
    for other in groups[1:]:
        table = between_runs.compare(cells, groups[0], other)
        a, b = groups[0].letter, other.letter
        figure = plots.speedup(table, f"faster in {b} than in {a}")
        described = f"{b} against {a}. {figure_descriptions.speedups(table)}"
        comparisons.append({
            "explanation": between_runs.explain_test(groups[0], other),
            "figure": gallery.add(
                f"comparison-{a}-{b}", figure, described,
                " ".join(filter(None, [captions.rows_left_out(table, "speedup"), captions.backends_left_out(table),
                                       captions.ratios_left_out(table)])),
            ),
            "table": tables.comparison(table, a, b, limits.rows),
        })  # fmt: skip
    return {"comparisons": comparisons}


def _anchor(name: str, used: set[str]) -> str:
    anchor = next(a for n in count() if (a := f"{slug(name)}{f'-{n}' if n else ''}") not in used)
    used.add(anchor)
    return anchor


def _figures(
    anchor: str, cells: pd.DataFrame, samples: pd.DataFrame, letters: Mapping[str, str], *, gallery: Gallery,
    models: ModelsSection | None, curves: Sequence[losses.Curve] = (),
) -> list[RenderedFigure]:  # fmt: skip
    if letters:
        figure = plots.run_medians(cells, dict(letters))
        rows = len(cells.loc[cells["latency_p50_ms"] > 0, ["checkpoint", "backend"]].drop_duplicates())
        described = figure_descriptions.measured(cells, "latency_p50_ms", "", "ms")
        figures = [gallery.add(
            f"runs-{anchor}", figure, f"Median latency of every run. {described}",
            left_out(min(rows, MOST_FIGURE_ROWS), rows, "cells"),
        )]  # fmt: skip
    else:
        both, timed = len(plots.with_both(cells)), len(plots.timed_rows(samples))
        figures = [
            None if models and models.figure else gallery.add(
                f"accuracy-{anchor}", plots.accuracy_against_latency(cells), figure_descriptions.accuracies(cells),
                "Bars: standard error. Dashed: Pareto front, beaten by no cell that passed. Hollow: did not pass. "
                f"{left_out(min(both, MOST_MARKS), both, 'cells, those of the front first')}"
                f"{captions.names_left_out(both)}",
            ),
            gallery.add(
                f"latency-{anchor}", plots.latency_distribution(samples, list(cells["backend"])),
                figure_descriptions.measured(cells, "latency_p50_ms", "Median latency", "ms"),
                f"Ring: median; band: the middle half; ticks: 90th and 99th percentile; thin lines: calls, or "
                f"{MOST_TICKS} quantiles of more. {captions.floor_caption(cells)} "
                f"{left_out(min(timed, MOST_STRIPS), timed, 'cells', 'samples.parquet')}",
            ),
            gallery.add(
                f"loss-{anchor}", losses.loss_curves(curves, list(cells["backend"])), losses.described(curves),
                losses.caption(curves),
            ),
        ]  # fmt: skip
    return [figure for figure in figures if figure]


def _lead(cells: pd.DataFrame) -> str:
    parts: list[str] = []
    distinct = cells[["checkpoint", "checkpoint_id", "revision", "architecture", "weights"]].drop_duplicates()
    if len(distinct) > _MOST_IN_FULL:
        parts += [cut(name, LONGEST_NAME) for name in distinct["checkpoint_id"][:_MOST_NAMED]]
    for row in records(distinct[: 0 if parts else _MOST_IN_FULL]):
        is_local = row["weights"] == "local"  # its id is the name of its folder, and it has no revision
        revision = f" at {row['revision'][:10]}" if row["revision"] and not is_local else ""
        checkpoint = (row["checkpoint"] if is_local else row["checkpoint_id"]) + revision
        checkpoint = f"{checkpoint} ({row['architecture']})" if row["architecture"] else checkpoint
        parts.append(cut(checkpoint, LONGEST_NAME))
    if len(distinct) > _MOST_NAMED:
        parts.append(f"and {len(distinct) - _MOST_NAMED:,} more")
    first = cells.iloc[0]
    facts = [f"{first['weights']} weights"] if first["weights"] else []
    if not number_format.is_missing(cells["samples"].max()):
        facts.append(f"{int(cells['samples'].max())} samples")
    if not number_format.is_missing(cells["chance"].max()):
        facts.append(f"chance {number_format.fixed(cells['chance'].max())}")
    if not number_format.is_missing(cells["input_length"].max()):
        facts.append(f"input length {int(cells['input_length'].max())}")
    return f"{', '.join(parts)}: {', '.join(facts)}." if facts else f"{', '.join(parts)}."


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


def _warnings(
    cells: pd.DataFrame, samples: pd.DataFrame, faster: pd.DataFrame, run_conditions: Sequence[Mapping[str, Any]]
) -> list[str]:
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
            warnings.append(f"Run {run['run']} has no row for {len(missing):,} of the cells that it selected.")
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
    if alone := without_reference(samples, faster):
        warnings.append(
            f"{alone:,} cell{' was' if alone == 1 else 's were'} timed without {REFERENCE} at their side (by a later "
            "session of a resumed run, say) and have no speed-up: for that, measure the checkpoint in a new run."
        )
    more = len(warnings) - _MOST_WARNINGS
    return [
        *map(cut, warnings[:_MOST_WARNINGS]),
        *([f"And {more:,} more warnings: run.json has them."] if more > 0 else []),
    ]


def _contents(context: Mapping[str, Any]) -> list[tuple[str, str]]:
    overview = any(context[name] and context[name].rows for name in ("matrix", "training"))
    entries = [("overview", "Overview")] if overview else []
    if context["comparisons"] or context["repeatability"]:
        entries.append(("comparison", "Comparison" if context["comparisons"] else "Spread"))
    entries += [("speed-up", "Speed-up")] if context["speedup"] else []
    entries += [("memory", "Memory and size")] if context["memory"] or context["size"] else []
    entries += [(section.id, section.name) for section in context["sections"]]
    entries += [(section.id, section.title) for section in context["added"]]
    entries += [("not-passed", "Not passed")] if context["not_passed"].items else []
    entries += [("notes", "Notes")] if context["notes"] else []
    return [*entries, ("conditions", "Conditions")]
