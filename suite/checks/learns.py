"""Whether a training taught anything: significantly more than the checkpoint knew before, and only from true labels.

What is learnt is shown on samples that were not learnt from; where test samples are among the training samples, no
score on them is evidence.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from suite.checks.base import CellAccess, Check, OpenCell
from suite.checks.keeps import answers_of
from suite.checks.significance import LEVEL, Finding, better
from suite.core.cell import Status
from suite.core.column import Column
from suite.core.markdown_text import escape
from suite.core.outcome import Outcome
from suite.core.printable import listed, printable
from suite.core.runnable import Runnable
from suite.core.work import Work
from suite.task import Task
from suite.training.cell import read_facts

MOST_SHARED = 0.01
"""The share of test samples that may be training samples too: a few short texts occur twice in any data."""


@dataclass(frozen=True)
class Lesson:
    """The answers to the test samples before the training, after it, and after one on permuted labels; and the losses
    of the training, step by step.
    """

    before: list[Any]
    after: list[Any]
    control: list[Any]
    truths: list[Any]
    losses: list[float]
    trained_share: float
    seconds: float
    shared: list[str]
    """The ids of test samples whose input is one of the training samples' too."""


def examine(cell: OpenCell) -> Lesson:
    """In the worker: answer the test samples with the untuned, the tuned, and the control's model."""
    samples = list(cell.samples)[: cell.limit]
    training = cell.training
    untuned = training.tuning().untuned().eval()
    control = training.train(training.lessons.with_permuted_labels()).model
    assert cell.tuned is not None
    facts = read_facts(cell.tuned)
    return Lesson(
        answers_of(cell, Runnable(untuned, cell.device), samples),
        answers_of(cell, cell.runnable, samples),
        answers_of(cell, Runnable(control, cell.device), samples),
        [sample.truth for sample in samples],
        facts.losses,
        facts.trained_share,
        facts.seconds,
        [sample.id for sample in samples if str(sample.input).strip() in training.inputs],
    )


def judge(lesson: Lesson, task: Task) -> Outcome:
    """Failed where the tuned model is not better than the untuned one, or where permuted labels taught it as well."""
    before, after, control = (
        float(task.accuracy(answers, lesson.truths)) for answers in (lesson.before, lesson.after, lesson.control)
    )
    fields = {
        "before": before,
        "permuted": control,
        "trained_share": lesson.trained_share,
        "first_loss": lesson.losses[0],
        "last_loss": lesson.losses[-1],
        "training_s": lesson.seconds,
    }
    if len(lesson.shared) > MOST_SHARED * len(lesson.truths):
        return Outcome(
            Status.FAILED,
            f"{len(lesson.shared)} of {len(lesson.truths)} test samples are training samples too "
            f"({listed(lesson.shared)}), so that the score shows what was kept in mind, not what was learnt: take them "
            "out of one of the two",
            fields,
        )
    gained = better(task, lesson.after, lesson.before, lesson.truths)
    chance = float(task.chance(lesson.truths))
    if better(task, lesson.before, lesson.after, lesson.truths) is Finding.BETTER:
        return Outcome(
            Status.FAILED,
            f"it unlearnt: accuracy was {before:.4f} before the training and is {after:.4f} after it, on the same "
            f"{len(lesson.truths)} samples",
            fields,
        )
    if gained is not Finding.BETTER and _above(before, chance, len(lesson.truths)):
        return Outcome(
            Status.UNSTABLE,
            f"accuracy was {before:.4f} before the training and is {after:.4f} after it: the checkpoint knew what it "
            f"was to learn, and {len(lesson.truths)} samples cannot tell whether it learnt more",
            fields,
        )
    if gained is Finding.NO_BETTER or (gained is Finding.CANNOT_TELL and after <= before):
        return Outcome(
            Status.FAILED,
            f"it learnt nothing: accuracy was {before:.4f} before the training and is {after:.4f} after it, on the "
            f"same {len(lesson.truths)} samples",
            fields,
        )
    if _above(control, chance, len(lesson.truths)) and control - chance > (after - chance) / 2:
        return Outcome(
            Status.FAILED,
            f"trained on permuted labels, which say nothing of the inputs, it reaches {control:.4f} (chance: "
            f"{chance:.4f}): the test samples' answers come to it in another way than by learning",
            fields,
        )
    if gained is Finding.CANNOT_TELL:
        return Outcome(
            Status.UNSTABLE,
            f"accuracy was {before:.4f} before the training and is {after:.4f} after it, and {len(lesson.truths)} "
            "samples cannot tell whether that is luck: bring more with --samples",
            fields,
        )
    return Outcome(Status.PASSED, "", fields)


def _above(accuracy: float, chance: float, samples: int) -> bool:
    from scipy.stats import binomtest

    return bool(binomtest(round(accuracy * samples), samples, chance, alternative="greater").pvalue <= LEVEL)


class Learns(Check):
    """Whether the training teaches, and nothing else does."""

    name = "learns"
    question = "does the training teach, and do permuted labels not"
    works = frozenset({Work.TRAINING})
    columns = (
        Column("before", "0 to 1", "accuracy of the checkpoint before it was trained", "nothing was trained"),
        Column(
            "permuted", "0 to 1", "accuracy of the same training on permuted labels, which teach nothing",
            "nothing was trained",
        ),
        Column("trained_share", "0 to 1", "share of the parameters that are trained", "nothing was trained"),
        Column("first_loss", "nats", "training loss of the first step", "nothing was trained"),
        Column("last_loss", "nats", "training loss of the last step", "nothing was trained"),
        Column(
            "training_s", "s", "the whole training, when it was made", "nothing was trained", is_cost=True
        ),
    )  # fmt: skip
    requests = MappingProxyType({"learns": examine})

    def applies(self, is_reference: bool, is_trained: bool) -> bool:  # noqa: ARG002
        """Random weights are trained for a few steps only, to be timed."""
        return is_trained

    def carry_out(self, cell: CellAccess) -> Outcome:
        """Compare the three models' answers."""
        lesson: Lesson = cell.ask("learns")
        cell.record_curve(lesson.losses)
        outcome = judge(lesson, cell.task)
        cell.keep_tuned(_card(cell, lesson, outcome))
        return outcome


def _card(cell: CellAccess, lesson: Lesson, outcome: Outcome) -> str:
    """The card of a tuned checkpoint: what it was made of, how, and what it scores."""
    task, fields = cell.task, outcome.fields
    rows = [
        ("Tuned from", printable(cell.cell.checkpoint)),
        ("Capability", cell.cell.capability),
        ("Method", cell.cell.backend),
        ("Steps", f"{len(lesson.losses):,}, in batches of {cell.cell.batch_size}"),
        ("Parameters trained", f"{lesson.trained_share:.2%}"),
        ("Training loss", f"{fields['first_loss']:.4g} at first, {fields['last_loss']:.4g} at last"),
        (f"Test samples: {task.metric}", f"{task.accuracy(lesson.after, lesson.truths):.4f} of {len(lesson.truths):,}"),
        ("The same before", f"{fields['before']:.4f}"),
        ("Trained on permuted labels", f"{fields['permuted']:.4f}"),
        ("Judged", f"{outcome.status}{f': {outcome.reason}' if outcome.reason else ''}"),
    ]
    lines = [f"# {printable(cell.cell.checkpoint)}, tuned", "", "| | |", "|---|---|"]
    return "\n".join([*lines, *(f"| {name} | {escape(value)} |" for name, value in rows), ""])
