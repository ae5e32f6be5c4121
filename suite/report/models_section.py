"""What the page says of the models of a capability: side by side, and their answers to the single samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from suite.analysis.answers_compared import (
    MOST_DISAGREEMENTS,
    MOST_SLICES,
    OTHERS,
    Confusion,
    Disagreement,
    Slice,
    confusions,
    disagreements,
    of_backend,
    slices,
)
from suite.analysis.models_compared import Comparison, Pair, compared, main_backend, said_first
from suite.report import model_plots, number_format
from suite.report.gallery import Gallery, RenderedFigure
from suite.report.limits import MOST_DESCRIBED, MOST_LABELS, MOST_MODEL_MARKS, Limits, left_out
from suite.report.sample_answers import Media, media_left_out
from suite.report.tables import Entry, Table, status_entry
from suite.task.answer_sheet import AnswerSheet

AT_ONCE = 12
"""Disagreements that are shown without being asked for."""
MOST_MATRICES = 24
"""Models whose confusion is shown in numbers."""
RIGHT, WRONG = "✓", "✗"


@dataclass(frozen=True)
class GivenCard:
    """An answer on a card: the models that gave it, its text, and how right it is (`mark`)."""

    models: str
    text: str
    mark: str
    is_right: bool


@dataclass(frozen=True)
class Card:
    """A sample on which models disagree; `picture` and `sound` are data URIs."""

    sample: str
    input: str
    truth: str
    slices: str
    answers: Sequence[GivenCard]
    picture: str | None = None
    sound: str | None = None


@dataclass(frozen=True)
class ModelsSection:
    """All of it, as the template takes it; what there is nothing of is empty or `None`."""

    backend: str
    sentences: Sequence[str] = ()
    further: Sequence[str] = ()
    further_title: str = ""
    figure: RenderedFigure | None = None
    table: Table | None = None
    tests: Table | None = None
    cards: Sequence[Card] = ()
    further_cards: Sequence[Card] = ()
    disagreeing: str = ""
    confusion: RenderedFigure | None = None
    confusion_tables: Sequence[Table] = field(default_factory=list)
    confusion_note: str = ""
    slices: Table | None = None
    slices_note: str = ""


def sections(
    cells: Sequence[Mapping[str, Any]],
    sheets: Mapping[str, AnswerSheet],
    gallery: Gallery,
    media: Media,
    limits: Limits,
) -> dict[str, ModelsSection]:
    """By capability. `cells` are rows of one run, `media` what there is to see and hear of samples."""
    grouped: dict[str, list[Mapping[str, Any]]] = {}
    for cell in cells:
        grouped.setdefault(str(cell["capability"]), []).append(cell)
    shown = list(grouped)[: limits.sections]
    comparisons = {one.capability: one for one in compared([cell for name in shown for cell in grouped[name]], sheets)}
    found: dict[str, ModelsSection] = {}
    for number, capability in enumerate(shown):
        mine = grouped[capability]
        backend = main_backend(mine, sheets) or ""
        by_model = of_backend(mine, sheets, backend)
        comparison = comparisons.get(capability)
        if comparison is None and not by_model:
            continue
        found[capability] = _section(
            capability, comparison, backend, by_model,
            gallery=gallery if number < limits.illustrated else gallery.files_alone(),
            media=media, most=limits.model_rows,
        )  # fmt: skip
    return found


def _section(
    capability: str, comparison: Comparison | None, backend: str, by_model: Mapping[str, AnswerSheet], *,
    gallery: Gallery | None, media: Media, most: int,
) -> ModelsSection:  # fmt: skip
    matrices, by_slice = confusions(by_model), slices(by_model)
    differing = disagreements(by_model) if len(by_model) > 1 else []
    unseen = media.budget.left_out
    cards = [_card(one, media.of(capability, one.sample)) for one in differing[:MOST_DISAGREEMENTS]]
    unseen = media.budget.left_out - unseen
    said, further = said_first(comparison, backend) if comparison else ([], [])
    return ModelsSection(
        backend,
        said,
        further[:most],
        f"{len(further):,} further comparisons"
        if len(further) <= most
        else f"{most} of {len(further):,} further "
        "comparisons; the answers that all of them rest on are in answers.parquet",
        _costs(capability, comparison, gallery) if comparison and gallery else None,
        _measured(comparison, most) if comparison else None,
        _tests(comparison, most) if comparison and comparison.pairs else None,
        cards[:AT_ONCE],
        cards[AT_ONCE:],
        " ".join(filter(None, [_disagreeing(differing, by_model, backend), media_left_out(unseen)])),
        _confusion(capability, matrices, backend, gallery) if gallery else None,
        [_confusion_table(matrix) for matrix in matrices[:MOST_MATRICES]],
        left_out(min(MOST_MATRICES, len(matrices)), len(matrices), "models", "answers.parquet").replace(
            "all are", "the answers of all are"
        ),
        _slices(by_slice, tuple(by_model), backend) if by_slice else None,
        _slices_note(by_slice),
    )


def _costs(capability: str, comparison: Comparison, gallery: Gallery) -> RenderedFigure | None:
    figure = model_plots.accuracy_against_costs(comparison)
    each = [
        f"{one.model} on {one.backend} {number_format.fixed(one.accuracy)} at "
        f"{number_format.significant(one.latency)} ms and {number_format.significant(one.memory)} MB"
        for one in comparison.measured[:MOST_DESCRIBED]
        if one.accuracy is not None
    ]
    caption = (
        "A colour a model, a mark a backend; bars: 95 % interval of the accuracy; hollow: did not pass. Whether two "
        "models differ is for the paired tests to say, not for the overlap of their bars. Models were timed one after "
        "another, the backends of each in turns. "
        + _marks_left_out(sum(one.accuracy is not None for one in comparison.measured))
    )
    return gallery.add(f"models-{capability}", figure, f"Accuracy against costs: {', '.join(each)}.", caption)


def _marks_left_out(marks: int) -> str:
    texts = [left_out(min(MOST_MODEL_MARKS, marks), marks, "cells")]
    if marks > MOST_LABELS:
        texts.append("Not every model is named: the table below names all it shows.")
    return " ".join(filter(None, texts))


def _measured(comparison: Comparison, most: int) -> Table:
    headings = [
        ("Model", ""), ("Backend", ""), ("Status", ""), ("Accuracy", "0 to 1, higher is better"),
        ("95 % interval", "of the accuracy: Wilson's where a sample is right or wrong, else by the standard error"),
        ("Samples", ""), ("p50, ms", "median latency of a call"),
        ("Memory, MB", "largest, while calls were timed: the device's, or what was resident"),
        ("Size, MB", "the weights as this backend stores them"),
    ]  # fmt: skip
    shown = comparison.measured[:most]
    note = left_out(len(shown), len(comparison.measured), "cells")
    table = Table(f"Models on {comparison.capability}", headings, note=note)
    for one in shown:
        table.rows.append([
            Entry(one.model), Entry(one.backend, style="word"), status_entry(one.status),
            Entry(number_format.fixed(one.accuracy)), Entry(_interval(one.low, one.high)),
            Entry(number_format.MISSING if one.samples is None else f"{one.samples:,}"),
            *(Entry(number_format.significant(value)) for value in (one.latency, one.memory, one.size)),
        ])  # fmt: skip
    return table


def _interval(low: float | None, high: float | None) -> str:
    if number_format.is_missing(low) or number_format.is_missing(high):
        return number_format.MISSING
    return f"{number_format.fixed(low)} to {number_format.fixed(high)}"


def _tests(comparison: Comparison, most: int) -> Table:
    headings = [
        ("Models", ""), ("Backend", ""), ("Samples", "asked of both"), ("Accuracies", ""),
        ("Difference", "the second's accuracy less the first's, with its 95 % interval"),
        ("Only better", "samples on which the first alone, and the second alone, scores higher"), ("Test", ""),
        ("p", "of one test"), ("p, corrected", f"Holm, for {comparison.pairs[0].tests} comparisons"), ("Better", ""),
    ]  # fmt: skip
    shown = (
        sorted(comparison.pairs, key=lambda pair: pair.p)[:most] if len(comparison.pairs) > most else comparison.pairs
    )
    note = left_out(len(shown), len(comparison.pairs), "comparisons, those of the smallest p", "answers.parquet")
    table = Table(
        f"Paired tests of models on {comparison.capability}", headings, note=note.replace("all are", "the answers are")
    )
    for pair in shown:
        table.rows.append(_test_row(pair))
    return table


def _test_row(pair: Pair) -> list[Entry]:
    paired = pair.paired
    counts = "" if paired.gained is None else f"{paired.lost:,} · {paired.gained:,}"
    return [
        Entry(f"{pair.first} · {pair.second}"), Entry(pair.backend, style="word"), Entry(f"{paired.samples:,}"),
        Entry(" · ".join(map(number_format.fixed, pair.accuracies))),
        Entry(f"{paired.difference:+.3f}", _interval(paired.low, paired.high)), Entry(counts or number_format.MISSING),
        Entry(paired.test, style="word"), Entry(number_format.p_value(paired.p)), Entry(number_format.p_value(pair.p)),
        Entry(pair.better or "cannot tell", style="word"),
    ]  # fmt: skip


def _disagreeing(differing: Sequence[Disagreement], by_model: Mapping[str, AnswerSheet], backend: str) -> str:
    if len(by_model) < 2:
        return ""
    asked = max(len(sheet.answers) for sheet in by_model.values())
    if not differing:
        return f"On {backend}, the models gave the same answers to all of {asked:,} samples."
    apart = sum(one.spread >= 1 for one in differing)
    texts = [f"On {backend}, the models answered {len(differing):,} of {asked:,} samples differently"]
    if apart:
        texts.append(f"; on {apart:,} of them one is right and another wrong")
    if len(differing) > MOST_DISAGREEMENTS:
        texts.append(
            f". Shown are {MOST_DISAGREEMENTS}, those whose scores lie furthest apart first; all are in answers.parquet"
        )
    return "".join([*texts, "."])


def _card(one: Disagreement, media: tuple[str | None, str | None]) -> Card:
    answers = [
        GivenCard(", ".join(given.models), given.answer, _mark(given.score), given.score == 1) for given in one.answers
    ]
    picture, sound = media
    return Card(one.sample, one.input, one.truth, ", ".join(one.slices), answers, picture, sound)


def _mark(score: float | None) -> str:
    if score is None:
        return ""
    return RIGHT if score == 1 else WRONG if score == 0 else f"{score:.2f}"


def _confusion(capability: str, matrices: Sequence[Confusion], backend: str, gallery: Gallery) -> RenderedFigure | None:
    mistakes = [
        f"{matrix.model}: "
        + ", ".join(f"{truth} as {answer} {number} times" for truth, answer, number in matrix.most[:3])
        for matrix in matrices
        if matrix.most
    ]
    caption = (
        f"On {backend}: the area of a square is the share of a row's samples, those of one truth, that were answered "
        "with the column's label; a number counts them."
    )
    if matrices and matrices[0].labels[-1] == OTHERS:
        caption += " Grey: rarer labels, whichever of them was answered."
    if len(matrices) > model_plots.MOST_PANELS:
        caption += (
            f" The first {model_plots.MOST_PANELS} models; the tables below have {min(MOST_MATRICES, len(matrices))}."
        )
    description = f"Which labels are taken for which. {'; '.join(mistakes) or 'No mistakes'}."
    return gallery.add(f"confusion-{capability}", model_plots.confusion(matrices), description, caption)


def _confusion_table(matrix: Confusion) -> Table:
    headings = [("True", matrix.model), *((label or number_format.MISSING, "answered") for label in matrix.labels)]
    table = Table(f"Labels of {matrix.model}: true by row, answered by column", headings)
    for label, row in zip(matrix.labels, matrix.counts.tolist(), strict=True):
        table.rows.append([Entry(label or number_format.MISSING), *(Entry(f"{number:,}") for number in row)])
    return table


def _slices(by_slice: Sequence[Slice], models: Sequence[str], backend: str) -> Table:
    headings = [("Slice", ""), ("Samples", ""), *((model, f"accuracy on {backend}") for model in models)]
    table = Table("Accuracy by slice", headings)
    for one in by_slice[:MOST_SLICES]:
        entries = [
            Entry(number_format.MISSING)
            if on is None
            else Entry(number_format.fixed(on.accuracy), _interval(on.low, on.high).replace(number_format.MISSING, ""))
            for on in one.models
        ]
        table.rows.append([Entry(one.name), Entry(f"{one.samples:,}"), *entries])
    return table


def _slices_note(by_slice: Sequence[Slice]) -> str:
    if not by_slice:
        return ""
    note = "Below each accuracy is its 95 % interval. No test is made within slices: of many, some differ by chance."
    others = len(by_slice) - MOST_SLICES
    return f"{note} {others:,} smaller slices are left out: answers.parquet has them." if others > 0 else note
