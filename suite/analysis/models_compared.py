"""Models of one run side by side: what each reaches and costs, and whether one is better on the same samples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, count
from typing import Any

from suite.analysis.frames import FLOOR, REFERENCE
from suite.analysis.paired import LEVEL, Paired, accuracy_interval, compare_resampled, compare_scores, holm
from suite.core.cell import Status
from suite.core.printable import listed
from suite.task.answer_sheet import AnswerSheet

Cell = Mapping[str, Any]


@dataclass(frozen=True)
class Measured:
    """One model on one backend; a number that was not measured is `None`. Times in ms, sizes in MB of 10⁶ bytes.

    `low` and `high` are the 95 % interval of the accuracy. `memory` is the device's where there is one.
    """

    model: str
    backend: str
    status: str
    accuracy: float | None
    low: float | None
    high: float | None
    samples: int | None
    latency: float | None
    memory: float | None
    size: float | None


@dataclass(frozen=True)
class Pair:
    """Two models on one backend, and the test between them. `p` is corrected for all `tests` of the capability."""

    backend: str
    first: str
    second: str
    accuracies: tuple[float, float]
    paired: Paired
    p: float
    tests: int

    @property
    def better(self) -> str | None:
        """The model that the corrected test shows to be better, if it shows one."""
        if not self.p <= LEVEL or not self.paired.difference:
            return None
        return self.second if self.paired.difference > 0 else self.first

    @property
    def needed(self) -> int | None:
        """How many samples must differ before the corrected test can show anything; `None` where enough do."""
        if self.paired.gained is None or self.paired.least_p * self.tests <= LEVEL:
            return None
        return next(differing for differing in count(1) if 2 * 0.5**differing * self.tests <= LEVEL)


@dataclass(frozen=True)
class Comparison:
    """The models of one capability. `alone` names what could not be paired, with the reason."""

    capability: str
    models: tuple[str, ...]
    backends: tuple[str, ...]
    measured: tuple[Measured, ...]
    pairs: tuple[Pair, ...]
    alone: tuple[str, ...] = ()


def compared(cells: Sequence[Cell], sheets: Mapping[str, AnswerSheet]) -> list[Comparison]:
    """Every capability of which several models were measured; `cells` are rows of cells.csv, `sheets` are by cell."""
    grouped: dict[str, list[Cell]] = {}
    for cell in cells:
        if cell["backend"] != FLOOR and cell["status"] != Status.UNSUPPORTED:
            grouped.setdefault(str(cell["capability"]), []).append(cell)
    return [_comparison(name, group, sheets) for name, group in grouped.items() if _are_several(group)]


def _are_several(cells: Sequence[Cell]) -> bool:
    return len({cell["checkpoint"] for cell in cells}) > 1


def _comparison(capability: str, cells: Sequence[Cell], sheets: Mapping[str, AnswerSheet]) -> Comparison:
    pairs, alone = _pairs(cells, sheets)
    return Comparison(
        capability,
        tuple(dict.fromkeys(str(cell["checkpoint"]) for cell in cells)),
        tuple(dict.fromkeys(str(cell["backend"]) for cell in cells)),
        tuple(_measured(cell, sheets.get(cell["cell"])) for cell in cells),
        pairs,
        alone,
    )


def _measured(cell: Cell, sheet: AnswerSheet | None) -> Measured:
    accuracy, error, samples = (_number(cell[name]) for name in ("accuracy", "accuracy_stderr", "samples"))
    low = high = None
    if accuracy is not None:
        yes_or_no = sheet is not None and is_yes_or_no(sheet)
        interval = accuracy_interval(accuracy, error, int(samples or 0), yes_or_no)
        low, high = (_number(end) for end in interval)
    device = _number(cell["peak_device_mb"])
    return Measured(
        str(cell["checkpoint"]), str(cell["backend"]), str(cell["status"]), accuracy, low, high,
        None if samples is None else int(samples), _number(cell["latency_p50_ms"]),
        _number(cell["peak_rss_mb"]) if device is None else device, _number(cell["size_mb"]),
    )  # fmt: skip


def is_yes_or_no(sheet: AnswerSheet) -> bool:
    """Whether every sample is right or wrong, and nothing between."""
    return sheet.scores is not None and set(sheet.scores) <= {0, 1}


def _pairs(cells: Sequence[Cell], sheets: Mapping[str, AnswerSheet]) -> tuple[tuple[Pair, ...], tuple[str, ...]]:
    """Each two models on the same backend: the test is corrected for all of them together."""
    found: list[tuple[str, Cell, Cell, Paired]] = []
    alone: list[str] = []
    by_backend: dict[str, list[Cell]] = {}
    for cell in cells:
        if _number(cell["accuracy"]) is not None:
            by_backend.setdefault(str(cell["backend"]), []).append(cell)
    for backend, group in by_backend.items():
        silent = [str(cell["checkpoint"]) for cell in group if cell["cell"] not in sheets]
        if silent:
            several = len(silent) > 1
            alone.append(
                f"On {backend}, {listed(silent, MOST_NAMED)} {'are' if several else 'is'} compared with no other: the "
                f"run holds no answers of {'theirs' if several else 'its own'} to each sample."
            )
        for first, second in combinations([cell for cell in group if cell["cell"] in sheets], 2):
            paired = _paired((first, second), (sheets[first["cell"]], sheets[second["cell"]]))
            if paired is None:
                names = f"{first['checkpoint']} and {second['checkpoint']} on {backend}"
                alone.append(f"{names} are not compared: they were not asked the same samples.")
            else:
                found.append((backend, first, second, paired))
    corrected = holm([paired.p for *_, paired in found])
    tests = sum(paired.p == paired.p for *_, paired in found)
    return tuple(
        Pair(
            backend, str(first["checkpoint"]), str(second["checkpoint"]),
            (float(first["accuracy"]), float(second["accuracy"])), paired, p, tests,
        )
        for (backend, first, second, paired), p in zip(found, corrected, strict=True)
    ), tuple(alone)  # fmt: skip


def _paired(cells: tuple[Cell, Cell], sheets: tuple[AnswerSheet, AnswerSheet]) -> Paired | None:
    """`None` where they have no sample in common, or one's accuracy is of another kind than the other's."""
    first, second = sheets
    if first.scores is not None and second.scores is not None:
        places = _places(second)
        both = [(place, places[key]) for key, place in _places(first).items() if key in places]
        if not both:
            return None
        return compare_scores([first.scores[i] for i, _ in both], [second.scores[j] for _, j in both])
    same = list(_places(first)) == list(_places(second))
    if not same or first.resampled is None or second.resampled is None:
        return None
    if len(first.resampled) != len(second.resampled):
        return None
    accuracies = [float(cell["accuracy"]) for cell in cells]
    return compare_resampled(accuracies[0], accuracies[1], first.resampled, second.resampled, len(first.answers))


def _places(sheet: AnswerSheet) -> dict[tuple[str, str], int]:
    """A sample is known by its id and its input; its truth may be in the words of each checkpoint."""
    asked = sheet.questions
    return {key: place for place, key in enumerate(zip(asked.samples, asked.inputs, strict=True))}


def main_backend(cells: Sequence[Cell], sheets: Mapping[str, AnswerSheet]) -> str | None:
    """The backend on which answers are shown: the reference, or else the one with the answers of most models."""
    counts = Counter(str(cell["backend"]) for cell in cells if cell["cell"] in sheets)
    if counts[REFERENCE] and counts[REFERENCE] == max(counts.values()):
        return REFERENCE
    return counts.most_common(1)[0][0] if counts else None


MOST_SENTENCES = 10
MOST_NAMED = 10
"""Models in one sentence."""


def said_first(comparison: Comparison, backend: str) -> tuple[list[str], list[str]]:
    """A sentence for each two models: those on one backend, at most ten, and all others."""
    backend = backend if any(pair.backend == backend for pair in comparison.pairs) else ""
    first = [sentence(pair) for pair in comparison.pairs if not backend or pair.backend == backend]
    others = [sentence(pair) for pair in comparison.pairs if backend and pair.backend != backend]
    said = [*first, *(() if first else comparison.alone)]
    return said[:MOST_SENTENCES], [*said[MOST_SENTENCES:], *others, *(comparison.alone if first else ())]


def sentence(pair: Pair) -> str:
    """What the test shows, with what it rests on."""
    paired, (first, second) = pair.paired, pair.accuracies
    if pair.better == pair.first:
        first, second, names = second, first, (pair.second, pair.first)
    else:
        names = (pair.first, pair.second)
    scores = f"{second:.3f} against {first:.3f} on the same {_counted(paired.samples)}"
    corrected = f" after Holm's correction for {pair.tests} comparisons" if pair.tests > 1 else ""
    tested = f"{_differing(pair)}{paired.test}, p {_p(pair.p)}{corrected}"
    if pair.better:
        return f"On {pair.backend}, {pair.better} is better than {names[0]}: {scores} ({tested})."
    begin = f"On {pair.backend}, the data cannot tell {names[1]} from {names[0]}: {scores}"
    if paired.gained == 0 == paired.lost:
        return f"{begin}, with the same score on each."
    if pair.needed is not None:
        differing = (paired.gained or 0) + (paired.lost or 0)
        return (
            f"{begin}, of which {_counted(differing)} {'differs' if differing == 1 else 'differ'}: too few, since at "
            f"least {pair.needed} must differ before a test can show anything{corrected}."
        )
    if paired.p != paired.p:
        return f"{begin}, which are too few, or too much alike, to test."
    between = f"{names[1]}'s accuracy less {names[0]}'s lies between {paired.low:+.3f} and {paired.high:+.3f} at 95 %"
    return f"{begin}; {between} ({tested})."


def _differing(pair: Pair) -> str:
    """On how many samples either is better, in the words of right and wrong where there is nothing between."""
    gained, lost = pair.paired.gained, pair.paired.lost
    if gained is None or lost is None:
        return ""
    word = "alone is right" if pair.paired.test.startswith("McNemar") else "scores higher"
    each = [(pair.second, gained), (pair.first, lost)]
    (more, most), (fewer, least) = reversed(each) if lost > gained else each
    return f"{more} {word} on {most:,}, {fewer} on {least:,}; "


def _counted(samples: int) -> str:
    return f"{samples:,} sample{'' if samples == 1 else 's'}"


def _p(value: float) -> str:
    return f"= {value:.2g}" if value >= 0.0001 else "< 0.0001"


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if number - number == 0 else None
