"""Whether a tuned checkpoint can be used elsewhere: exported and quantized, it is as right as it was by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from suite.checks.accuracy import keeps_accuracy, score
from suite.checks.base import CellAccess, Check, OpenCell
from suite.checks.finite import require_finite
from suite.checks.significance import Finding, better
from suite.core.cell import Status
from suite.core.errors import Unsupported
from suite.core.outcome import Outcome
from suite.core.runnable import Runnable
from suite.core.work import Work
from suite.task import Sample, Task

BACKENDS = ("int8", "onnx")
"""Where a tuned checkpoint is to be used: quantized, and exported."""


@dataclass(frozen=True)
class Elsewhere:
    """The answers of the tuned checkpoint as it is, those on each other backend, and why it does not run on some."""

    truths: list[Any]
    here: list[Any]
    there: dict[str, list[Any]]
    unsupported: dict[str, str]


def examine(cell: OpenCell) -> Elsewhere:
    """In the worker: answer the samples as it is and on each of the other backends."""
    samples = list(cell.samples)[: cell.limit]
    there, unsupported = {}, {}
    for name in BACKENDS:
        try:
            there[name] = answers_of(cell, cell.executed_by(name), samples)
        except Unsupported as error:
            unsupported[name] = str(error)
    truths = [sample.truth for sample in samples]
    return Elsewhere(truths, answers_of(cell, cell.runnable, samples), there, unsupported)


def answers_of(cell: OpenCell, runnable: Runnable, samples: Sequence[Sample]) -> list[Any]:
    """What a model answers to samples, some at a time.

    Raises:
        NotFinite: its outputs are not, and so mean no answer.
    """
    task, answers = cell.task, []
    for start in range(0, len(samples), task.scored_together):
        some = samples[start : start + task.scored_together]
        batch = cell.encode([sample.input for sample in some])
        outputs = task.infer(runnable, batch)
        require_finite(task.numbers(outputs, batch), [sample.id for sample in some])
        answers += task.decode(outputs, batch, cell.subject.processor, cell.subject.config)
    return answers


def judge(found: Elsewhere, task: Task, seed: int, strict: bool) -> Outcome:
    """By the gate of the accuracy: at least 99 % of it must be left, strictly 99.9 %; and less must be no luck."""
    here = score(task, found.here, found.truths, seed)
    for name, answers in found.there.items():
        lost = keeps_accuracy(score(task, answers, found.truths, seed), here, answers, found.here, strict)
        if lost and better(task, found.here, answers, found.truths) is Finding.BETTER:
            return Outcome(Status.FAILED, f"tuned and then run on {name}: {lost}")
        if lost:  # every training ends elsewhere, and of some a few answers are near the edge
            lost = f"{lost}, which may be luck: bring more samples with --samples"
            return Outcome(Status.UNSTABLE, f"tuned and then run on {name}: {lost}")
    if not found.there:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in found.unsupported.items())
        return Outcome(Status.UNSUPPORTED, f"the tuned checkpoint runs nowhere else ({reasons})")
    return Outcome(Status.PASSED)


class Keeps(Check):
    """Whether what was learnt survives being exported and quantized."""

    name = "keeps"
    question = "exported and quantized, does it keep what it learnt"
    works = frozenset({Work.TRAINING})
    requests = MappingProxyType({"keeps": examine})

    def applies(self, is_reference: bool, is_trained: bool) -> bool:  # noqa: ARG002
        """Random weights have learnt nothing to be kept."""
        return is_trained

    def carry_out(self, cell: CellAccess) -> Outcome:
        """Compare the answers here and elsewhere."""
        found: Elsewhere = cell.ask("keeps")
        return judge(found, cell.task, cell.seed, cell.strict)
