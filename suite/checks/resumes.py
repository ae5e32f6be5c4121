"""Whether a training that was cut off goes on where it was: from its checkpoint to the weights of one that was not."""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType

from suite.checks.base import CellAccess, Check, OpenCell
from suite.checks.reproducible import ON_OTHER_DEVICES, apart, different_weights
from suite.core.cell import Status
from suite.core.outcome import Outcome
from suite.core.ownership import TemporaryFolder
from suite.core.work import Work
from suite.training.tuning import InterruptedTrainingError

STEPS = 24
SAVED_EVERY = 5
FEWEST = 3
"""Steps of which one can be saved, one lost and one left."""


@dataclass(frozen=True)
class Resumption:
    """Where a training was cut off, the steps done after that, and how its end differs from an unbroken one's."""

    cut_at: int
    steps_after: int
    steps_due: int
    apart: float
    other_weights: list[str]


def examine(cell: OpenCell) -> Resumption:
    """In the worker: train once unbroken, once cut off after a random step and resumed from the last checkpoint."""
    training = cell.training
    steps = max(FEWEST, min(STEPS, training.lessons.schedule.steps))
    lessons = training.lessons.for_steps(steps)
    every = min(SAVED_EVERY, steps // FEWEST)
    cut_at = random.Random(cell.seed).randrange(every + 1, steps)
    unbroken = training.train(lessons)
    with TemporaryFolder() as work:
        tuning = training.tuning(lessons)
        with suppress(InterruptedTrainingError):
            tuning.train(work, save_every=every, interrupt_after=cut_at)
        resumed = training.tuning(lessons).train(work, save_every=every, resume=True)
    saved_at = (cut_at - 1) // every * every  # a step that is cut off at its end was not saved yet
    one, other = unbroken.losses[-1], resumed.losses[-1]
    return Resumption(
        cut_at,
        len(resumed.losses),
        steps - saved_at,
        apart(one, other),
        different_weights(unbroken.model, resumed.model),
    )


def judge(found: Resumption, device: str) -> Outcome:
    """On the CPU equal to the bit; elsewhere within a tolerance of the loss."""
    if found.steps_after != found.steps_due:
        return Outcome(
            Status.FAILED,
            f"cut off after step {found.cut_at}, the training did {found.steps_after} further steps where "
            f"{found.steps_due} were left: it did not go on from its checkpoint",
        )
    if device == "cpu" and found.other_weights:
        return Outcome(
            Status.FAILED,
            f"cut off after step {found.cut_at} and resumed, the training ends with other weights than an unbroken one "
            f"({len(found.other_weights)} tensors, {found.other_weights[0]} among them; its last loss differs by "
            f"{found.apart:.2g})",
        )
    if found.apart > ON_OTHER_DEVICES:
        return Outcome(Status.FAILED, f"a resumed training's last loss differs by {found.apart:.2g}")
    return Outcome(Status.PASSED)


class Resumes(Check):
    """Whether a training survives being cut off."""

    name = "resumes"
    question = "cut off and resumed, does the training end as an unbroken one"
    works = frozenset({Work.TRAINING})
    requests = MappingProxyType({"resumes": examine})

    def carry_out(self, cell: CellAccess) -> Outcome:
        """Cut off, resume and compare."""
        found: Resumption = cell.ask("resumes")
        return judge(found, cell.cell.device)
