"""Accuracy: how right the answers are, how sure that is, and the two gates that they must pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np

from suite.checks.base import CellAccess, Check, OpenCell, of_reference
from suite.checks.finite import require_finite
from suite.checks.significance import Evidence, Finding, blind_level, each_score, find
from suite.core.cell import Status
from suite.core.column import Column
from suite.core.outcome import Outcome, RequestFailed
from suite.core.work import Work
from suite.task import Task
from suite.task.answer_sheet import MOST_SAMPLES, AnswerSheet, Questions, in_words, kept_slices, questions
from suite.task.sample_answer import SampleAnswer, sample_answers, thumbnails

KEPT = 0.99
KEPT_STRICT = 0.999
"""The shares of the reference's accuracy that MLPerf Inference asks of an optimized model (arXiv:1911.02549)."""


@dataclass(frozen=True)
class Answers:
    """What a cell answered to the whole test split.

    `extra` holds metrics that took further runs of the model, `sample_answers` a few samples to look at, `questions`
    and `words` the samples and the answers in words, `pictures` some of the samples.
    """

    answers: list[Any]
    truths: list[Any]
    extra: dict[str, float]
    sample_answers: list[SampleAnswer]
    questions: Questions = field(default_factory=Questions)
    words: list[str] = field(default_factory=list)
    pictures: list[bytes | None] = field(default_factory=list)


@dataclass(frozen=True)
class Score:
    """`accuracy` 0 to 1, its bootstrap standard error over samples, the other metrics, and the chance level."""

    accuracy: float
    stderr: float
    chance: float
    samples: int
    metrics: dict[str, float] = field(default_factory=dict)
    evidence: Evidence = field(default_factory=lambda: Evidence(Finding.CANNOT_TELL, 1.0, 0.0))
    """Whether it is better than chance."""
    scores: tuple[float, ...] | None = None
    """Of each sample, where the accuracy is their mean."""
    resampled: tuple[float, ...] = ()
    """The accuracy of each of some draws of the samples, the same for as many samples and the same seed."""


def score(task: Task, answers: Sequence[Any], truths: Sequence[Any], seed: int) -> Score:
    """Score a set of answers. The standard error is that of a bootstrap over samples.

    Raises:
        ValueError: the task's accuracy is no number from 0 to 1.
    """
    accuracy = float(task.accuracy(answers, truths))
    if not 0.0 <= accuracy <= 1.0 + 1e-9:
        raise ValueError(f"the accuracy is {accuracy}, where a number from 0 to 1 was promised")
    resampled = _resampled(task, answers, truths, seed)
    # A metric may have no value on an unlucky resample: it then counts for nothing.
    stderr = float(np.nanstd(resampled, ddof=1)) if len(resampled) else 0.0
    each = each_score(task, answers, truths, accuracy)
    chance, _ = blind_level(task, truths)
    return Score(
        accuracy=accuracy,
        stderr=stderr,
        chance=chance,
        samples=len(truths),
        metrics={name: float(value) for name, value in task.metrics(answers, truths).items()},
        evidence=find(task, truths, each, accuracy=accuracy, chance=chance, stderr=stderr),
        scores=None if each is None else tuple(each.tolist()),
        resampled=tuple(resampled.tolist()),
    )


def _resampled(task: Task, answers: Sequence[Any], truths: Sequence[Any], seed: int) -> np.ndarray:
    """The accuracy over resampled samples; none for a single sample, which cannot vary."""
    from scipy.stats import bootstrap

    if len(truths) < 2:
        return np.zeros(0)

    def accuracy(places: np.ndarray) -> float:
        return float(task.accuracy([answers[i] for i in places], [truths[i] for i in places]))

    resampled = bootstrap(
        (np.arange(len(truths)),), accuracy, n_resamples=task.resamples, vectorized=False, method="percentile", rng=seed
    )
    return np.asarray(resampled.bootstrap_distribution, np.float64)


def above_chance(result: Score) -> str | None:
    """A sentence if the accuracy is not significantly above chance, about the checkpoint or about the data."""
    if result.evidence.finding is Finding.BETTER:
        return None
    if result.evidence.finding is Finding.NO_BETTER:
        return f"{_not_above(result)}: the checkpoint is broken, or not made for this task"
    if result.evidence.gain <= 0:
        why = "they have one truth, so that whoever always says it is never wrong: add samples with other truths"
    else:
        why = "they are too few, or too much alike, to tell skill from luck: add samples, with other truths too"
    return f"the data cannot tell whether the checkpoint is any good: {_not_above(result)}, and {why}"


def _not_above(result: Score) -> str:
    return (
        f"accuracy {result.accuracy:.4f} on {_samples(result)} is not above the chance level of {result.chance:.4f}, "
        f"which the best answer without looking reaches on the same samples (p = {result.evidence.p:.2g})"
    )


def _samples(result: Score) -> str:
    return f"{result.samples:,} sample{'' if result.samples == 1 else 's'}"


def kept(result: Score, reference: Score) -> float | None:
    """The share of the reference's accuracy that is left; `None` where the reference has none."""
    return result.accuracy / reference.accuracy if reference.accuracy > 0 else None


def keeps_accuracy(
    result: Score, reference: Score, answers: Sequence[Any], theirs: Sequence[Any], strict: bool
) -> str | None:
    """A sentence if less than 99 % (strict: 99.9 %) of the reference's accuracy is left on the same samples.

    On few samples one answer is more than that: it may be lost, unless it is to be strict.
    """
    share, gate = kept(result, reference), KEPT_STRICT if strict else KEPT
    one = 0.0 if strict else 1 / max(result.samples, 1)
    if share is None or share >= gate or reference.accuracy - result.accuracy <= one + 1e-9:
        return None
    changed = sum(ours != reference_answer for ours, reference_answer in zip(answers, theirs, strict=True))
    return (
        f"it keeps {share:.2%} of the reference's accuracy ({result.accuracy:.4f} of {reference.accuracy:.4f}), less "
        f"than {gate:.1%}; {changed} of {result.samples} answers differ from the reference's"
    )


def answer_samples(cell: OpenCell) -> Answers:
    """In the worker: the answers to the samples, or to as many of them as are asked for.

    Raises:
        NotFinite: an answer is made of numbers that are not finite, and means nothing.
    """
    task, subject = cell.task, cell.subject
    samples = cell.samples[: cell.limit]
    order = sorted(range(len(samples)), key=lambda i: task.size_of(samples[i].input))
    answers: list[Any] = [None] * len(samples)
    together = max(task.scored_together, cell.batch_size)
    for start in range(0, len(order), together):
        chosen = order[start : start + together]
        batch = cell.encode([samples[i].input for i in chosen])
        outputs = task.infer(cell.runnable, batch)
        require_finite(task.numbers(outputs, batch), [samples[i].id for i in chosen])
        decoded = task.decode(outputs, batch, subject.processor, subject.config)
        for index, answer in zip(chosen, decoded, strict=True):
            answers[index] = answer
    extra = task.probe(cell.runnable, subject.processor, samples)
    return Answers(
        answers, [sample.truth for sample in samples], extra, sample_answers(task, samples, answers),
        questions(task, samples), in_words(task, answers), thumbnails(task, samples) if cell.is_users else [],
    )  # fmt: skip


def answer_sheet(task: Task, answers: Answers, result: Score) -> AnswerSheet:
    """What the record keeps of every sample, so that models can be compared from it alone."""
    asked = answers.questions
    rounded = [round(score, 6) for score in (result.scores or ())[:MOST_SAMPLES]]
    return AnswerSheet(
        asked,
        answers.words,
        None if result.scores is None else rounded,
        [round(accuracy, 6) for accuracy in result.resampled] if result.scores is None else None,
        _by_slice(task, answers.answers, answers.truths, asked.slices),
        task.one_label,
    )


def _by_slice(
    task: Task, answers: Sequence[Any], truths: Sequence[Any], slices: Sequence[Sequence[str]]
) -> dict[str, float]:
    """The accuracy on the samples of each slice; of those alone whose place in `slices` is known."""
    places: dict[str, list[int]] = {}
    for place, names in enumerate(slices):
        for name in names:
            places.setdefault(name, []).append(place)
    kept = kept_slices(slices)
    return {
        name: round(float(task.accuracy([answers[i] for i in chosen], [truths[i] for i in chosen])), 6)
        for name, chosen in places.items()
        if name in kept
    }


def judge(
    result: Score, answers: Answers, reference: tuple[Answers, Score] | None, strict: bool, backend: str
) -> Outcome:
    """Failed where the accuracy is not above chance, or less of the reference's is left than the gate asks for.

    Where the reference is above chance, the checkpoint is good, and what is lost is the backend's. Unstable where the
    data cannot tell.
    """
    fields: dict[str, Any] = {
        "accuracy": result.accuracy,
        "accuracy_stderr": result.stderr,
        "chance": result.chance,
        "samples": result.samples,
        "metrics": result.metrics,
    }
    finding, problem = result.evidence.finding, above_chance(result)
    if reference is None:
        fields |= {"reference_accuracy": result.accuracy, "accuracy_kept": 1.0}
    else:
        their_answers, theirs = reference
        fields |= {"reference_accuracy": theirs.accuracy, "accuracy_kept": kept(result, theirs)}
        lost = keeps_accuracy(result, theirs, answers.answers, their_answers.answers, strict)
        if lost and problem and theirs.evidence.finding is Finding.BETTER:
            lost = f"{lost}; the chance level is {result.chance:.4f}"
        if lost:
            return Outcome(Status.FAILED, f"of {backend}: {lost}", fields)
        finding, problem = theirs.evidence.finding, above_chance(theirs)
        problem = f"{problem} ({backend} answers as the reference does)" if problem else None
    if problem is None:
        return Outcome(Status.PASSED, "", fields)
    status = Status.UNSTABLE if finding is Finding.CANNOT_TELL else Status.FAILED
    return Outcome(status, problem, fields)


class Accuracy(Check):
    """Whether a cell is right, and no less so than the reference."""

    name = "accuracy"
    works = frozenset(Work)
    question = "is it right, and no less than the reference"
    leads = True
    columns = (
        Column("accuracy", "0 to 1", "the task's accuracy, higher is better", "accuracy not measured"),
        Column(
            "accuracy_stderr", "0 to 1", "its standard error, from a bootstrap over samples", "accuracy not measured"
        ),
        Column("reference_accuracy", "0 to 1", "accuracy of `eager` on the same samples", "accuracy not measured"),
        Column(
            "accuracy_kept", "ratio", "`accuracy` / `reference_accuracy`",
            "accuracy not measured, or the reference's is 0",
        ),
        Column("chance", "0 to 1", "accuracy without looking at the input", "accuracy not measured"),
        Column("samples", "integer", "samples that were scored", "accuracy not measured"),
        Column("metrics", "JSON text", "other metrics by name, as numbers", "where the task has none"),
    )  # fmt: skip
    requests = MappingProxyType({"answers": answer_samples})

    def applies(self, is_reference: bool, is_trained: bool) -> bool:  # noqa: ARG002
        """Weights that were drawn at random are never right."""
        return is_trained

    def carry_out(self, cell: CellAccess) -> Outcome:
        """Score the answers, and the reference's to the same samples."""
        answers, result = _scored(cell)
        cell.record_sample_answers(answers.sample_answers)
        if answers.questions.samples:
            cell.record_answer_sheet(answer_sheet(cell.task, answers, result), answers.pictures)
        if cell.reference is None:
            return judge(result, answers, None, cell.strict, cell.cell.backend)
        try:
            reference = _scored(cell.reference)
        except RequestFailed as failure:
            raise of_reference(failure) from None
        if cell.task.work is Work.TRAINING:  # another way to train is another model, which may be worse and be sound
            outcome = judge(result, answers, None, cell.strict, cell.cell.backend)
            theirs = reference[1]
            compared = {"reference_accuracy": theirs.accuracy, "accuracy_kept": kept(result, theirs)}
            return replace(outcome, fields={**outcome.fields, **compared})
        return judge(result, answers, reference, cell.strict, cell.cell.backend)


def _scored(cell: CellAccess) -> tuple[Answers, Score]:
    """The answers of a cell and their score, asked for once."""

    def ask() -> tuple[Answers, Score]:
        answers: Answers = cell.ask("answers", timed=cell.task.probe_is_timed)
        result = score(cell.task, answers.answers, answers.truths, cell.seed)
        result.metrics.update(answers.extra)
        return answers, result

    scored: tuple[Answers, Score] = cell.once("answers", ask)
    return scored
