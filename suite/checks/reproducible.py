"""Whether a training can be had again: the same seed, the same losses, the same weights."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from suite.checks.base import CellAccess, Check, OpenCell
from suite.core.cell import Status
from suite.core.outcome import Outcome
from suite.core.work import Work

STEPS = 20
ON_OTHER_DEVICES = 1e-2
"""How far two runs' losses may differ, relatively, on a device whose sums have no fixed order."""


@dataclass(frozen=True)
class TwoRuns:
    """Two trainings with one seed: the step at which their losses part, how far, and the weights that differ."""

    first_other: int | None
    apart: float
    other_weights: list[str]


def examine(cell: OpenCell) -> TwoRuns:
    """In the worker: train twice for a few steps."""
    training = cell.training
    lessons = training.lessons.for_steps(min(STEPS, training.lessons.schedule.steps))
    first, second = training.train(lessons), training.train(lessons)
    pairs = list(zip(first.losses, second.losses, strict=True))
    return TwoRuns(
        next((step for step, (one, other) in enumerate(pairs, 1) if apart(one, other) != 0), None),
        max((apart(one, other) for one, other in pairs), default=0.0),
        different_weights(first.model, second.model),
    )


def different_weights(one: Any, other: Any) -> list[str]:
    """The names of the weights of two models that are not equal to the bit; what is no number twice is equal."""
    theirs = other.state_dict()
    return [
        name
        for name, weight in one.state_dict().items()
        if not ((weight == theirs[name]) | (weight.isnan() & theirs[name].isnan())).all()
    ]


def apart(one: float, other: float) -> float:
    """How far two losses are from each other, relatively: not at all where both are no numbers."""
    if math.isnan(one) and math.isnan(other):
        return 0.0
    return abs(one - other) / max(abs(one), 1e-9)


def judge(runs: TwoRuns, device: str) -> Outcome:
    """On the CPU equal to the bit; elsewhere within a tolerance."""
    if device != "cpu":
        if runs.apart > ON_OTHER_DEVICES:
            return Outcome(Status.FAILED, f"two trainings with one seed differ by {runs.apart:.2g} of their loss")
        return Outcome(Status.PASSED)
    if runs.first_other is not None:
        return Outcome(
            Status.FAILED,
            f"two trainings with one seed have other losses from step {runs.first_other} on, by up to {runs.apart:.2g}",
        )
    if runs.other_weights:
        return Outcome(
            Status.FAILED, f"two trainings with one seed end with other weights, {runs.other_weights[0]} among them"
        )
    return Outcome(Status.PASSED)


class Reproducible(Check):
    """Whether the same seed gives the same training."""

    name = "reproducible"
    question = "does the same seed give the same training"
    works = frozenset({Work.TRAINING})
    requests = MappingProxyType({"reproducible": examine})

    def carry_out(self, cell: CellAccess) -> Outcome:
        """Train twice."""
        runs: TwoRuns = cell.ask("reproducible")
        return judge(runs, cell.cell.device)
