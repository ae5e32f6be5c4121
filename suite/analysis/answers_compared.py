"""The answers of models side by side: where they disagree, which labels are taken for which, accuracy by slice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from suite.analysis.models_compared import is_yes_or_no
from suite.analysis.paired import accuracy_interval
from suite.task.answer_sheet import AnswerSheet

MOST_LABELS = 12
"""Labels with a row and a column of their own; the others are one."""
OTHERS = "(others)"
MOST_DISAGREEMENTS = 100
MOST_SLICES = 50
MOST_CONFUSED = 10


@dataclass(frozen=True)
class GivenAnswer:
    """An answer and the models that gave it; `score` is `None` where a sample has none of its own."""

    models: tuple[str, ...]
    answer: str
    score: float | None


@dataclass(frozen=True)
class Disagreement:
    """A sample to which models gave different answers."""

    sample: str
    input: str
    truth: str
    slices: tuple[str, ...]
    answers: tuple[GivenAnswer, ...]

    @property
    def spread(self) -> float:
        """How far the scores lie apart: 1 where one is right and another wrong."""
        scores = [given.score for given in self.answers if given.score is not None]
        return max(scores) - min(scores) if scores else 0.0


@dataclass(frozen=True)
class Confusion:
    """How often each label (row) was answered by each (column). `labels` are the rows' and the columns'."""

    model: str
    labels: tuple[str, ...]
    counts: np.ndarray
    most: tuple[tuple[str, str, int], ...]
    """The commonest mistakes: truth, answer, how often; of all labels."""


@dataclass(frozen=True)
class OnSlice:
    """A model's accuracy on one slice, with its 95 % interval; NaN where there is none."""

    accuracy: float
    low: float
    high: float


@dataclass(frozen=True)
class Slice:
    """A slice of the samples: its size, and every model's accuracy on it, `None` where it was not asked."""

    name: str
    samples: int
    models: tuple[OnSlice | None, ...]


def disagreements(sheets: Mapping[str, AnswerSheet]) -> list[Disagreement]:
    """The samples on which models (by name) disagree, those with the widest spread of scores first."""
    asked: dict[tuple[str, str], list[tuple[str, AnswerSheet, int]]] = {}
    for model, sheet in sheets.items():
        for place, key in enumerate(zip(sheet.questions.samples, sheet.questions.inputs, strict=True)):
            asked.setdefault(key, []).append((model, sheet, place))
    found = []
    for (sample, text), each in asked.items():
        given: dict[tuple[str, float | None], list[str]] = {}
        for model, sheet, place in each:
            score = None if sheet.scores is None else sheet.scores[place]
            given.setdefault((sheet.answers[place], score), []).append(model)
        if len(given) > 1:
            _, sheet, place = each[0]
            answers = tuple(GivenAnswer(tuple(models), answer, score) for (answer, score), models in given.items())
            slices = tuple(sheet.questions.slices[place])
            found.append(Disagreement(sample, text, sheet.questions.truths[place], slices, answers))
    return sorted(found, key=lambda one: -one.spread)


def confusions(sheets: Mapping[str, AnswerSheet]) -> list[Confusion]:
    """Of the models (by name) whose answers are labels; all with the same labels in the same order."""
    labelled = {model: sheet for model, sheet in sheets.items() if sheet.one_label and sheet.answers}
    counts: Counter[str] = Counter()
    for sheet in labelled.values():
        counts.update(sheet.questions.truths)
    for sheet in labelled.values():
        counts.update(dict.fromkeys(sheet.answers, 0))  # labels that were answered and are never true come last
    ranked = [label for label, _ in counts.most_common()]
    kept = ranked if len(ranked) <= MOST_LABELS else ranked[: MOST_LABELS - 1]
    labels = (*kept, *([OTHERS] if len(ranked) > len(kept) else []))
    return [_confusion(model, sheet, labels) for model, sheet in labelled.items()] if len(ranked) > 1 else []


def _confusion(model: str, sheet: AnswerSheet, labels: tuple[str, ...]) -> Confusion:
    place = {label: index for index, label in enumerate(labels)}
    last = len(labels) - 1
    pairs = Counter(zip(sheet.questions.truths, sheet.answers, strict=True))
    matrix = np.zeros((len(labels), len(labels)), np.int64)
    for (truth, answer), number in pairs.items():
        matrix[place.get(truth, last), place.get(answer, last)] += number
    wrong = [(truth, answer, number) for (truth, answer), number in pairs.most_common() if truth != answer]
    return Confusion(model, labels, matrix, tuple(wrong[:MOST_CONFUSED]))


def slices(sheets: Mapping[str, AnswerSheet]) -> list[Slice]:
    """The slices of the samples, the largest first, with the models in the order of `sheets`."""
    sizes: dict[str, int] = {}
    for sheet in sheets.values():
        for name, number in Counter(name for names in sheet.questions.slices for name in names).items():
            sizes[name] = max(number, sizes.get(name, 0))
    return [
        Slice(name, number, tuple(_on_slice(sheet, name) for sheet in sheets.values()))
        for name, number in sorted(sizes.items(), key=lambda item: -item[1])
    ]


def _on_slice(sheet: AnswerSheet, name: str) -> OnSlice | None:
    accuracy = sheet.slices.get(name)
    if accuracy is None:
        return None
    chosen = [place for place, names in enumerate(sheet.questions.slices) if name in names]
    scores = None if sheet.scores is None else np.array([sheet.scores[place] for place in chosen])
    error = None if scores is None or len(scores) < 2 else float(scores.std(ddof=1)) / len(scores) ** 0.5
    low, high = accuracy_interval(accuracy, error, len(chosen), is_yes_or_no(sheet))
    return OnSlice(accuracy, low, high)


def of_backend(
    cells: Sequence[Mapping[str, object]], sheets: Mapping[str, AnswerSheet], backend: str
) -> dict[str, AnswerSheet]:
    """The sheets of some cells on one backend, by model."""
    return {
        str(cell["checkpoint"]): sheets[str(cell["cell"])]
        for cell in cells
        if cell["backend"] == backend and cell["cell"] in sheets
    }
