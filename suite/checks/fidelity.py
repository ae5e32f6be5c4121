"""Fidelity: how far a backend's numbers lie from the reference's on the same inputs, and the gate on that distance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from suite.checks.base import CellAccess, Check, OpenCell, of_reference
from suite.checks.finite import require_finite
from suite.core.cell import Status
from suite.core.column import Column
from suite.core.errors import OtherShape
from suite.core.outcome import Outcome, RequestFailed

COMPARED = 16
"""Samples that are compared."""


@dataclass(frozen=True)
class Reference:
    """What the reference computed: per sample an array of shape (positions, values), and the trail that it followed.

    The trail is what a model feeds back to itself (tokens, or what else the task says); None for a single forward.
    """

    numbers: list[np.ndarray]
    trail: np.ndarray | None


@dataclass(frozen=True)
class Distance:
    """`max_abs` in the numbers' own unit; `relative` to the reference's largest absolute value; `agreement` 0 to 1.

    `undecided` counts decisions that differ where the reference itself was nearly tied; `flipped` those that differ
    where it was not.
    """

    max_abs: float
    relative: float
    agreement: float
    undecided: int
    flipped: int


def distance(
    numbers: Sequence[np.ndarray],
    reference: Sequence[np.ndarray],
    agreement: Callable[[np.ndarray, np.ndarray], float],
    tolerance: float,
    decides_by_argmax: bool,
) -> Distance:
    """Compare sample by sample arrays of shape (positions, values).

    A near-tie is a position whose two largest reference values lie closer than twice the tolerance.

    Raises:
        OtherShape: another number of samples or positions.
        ValueError: numbers that are not finite.
    """
    if len(numbers) != len(reference):
        raise OtherShape(f"it has {len(numbers)} outputs for {len(reference)} inputs")
    scale = max((float(np.abs(theirs).max()) for theirs in reference if theirs.size), default=0.0) or 1.0
    widest, agreements, undecided, flipped = 0.0, [], 0, 0
    for place, (ours, theirs) in enumerate(zip(numbers, reference, strict=True), start=1):
        if ours.shape != theirs.shape:
            raise OtherShape(
                f"of input {place} its output is of shape {ours.shape}, and the reference's of shape {theirs.shape}"
            )
        if not np.isfinite(ours).all() or not np.isfinite(theirs).all():
            raise ValueError("numbers that are not finite")
        if not ours.size:
            continue
        widest = max(widest, float(np.abs(ours - theirs).max()))
        agreements.append(agreement(ours, theirs))
        if decides_by_argmax and theirs.shape[-1] > 1:
            differs = ours.argmax(axis=-1) != theirs.argmax(axis=-1)
            top = np.partition(theirs, -2, axis=-1)
            tied = (top[..., -1] - top[..., -2]) <= 2 * tolerance * scale
            undecided += int((differs & tied).sum())
            flipped += int((differs & ~tied).sum())
    return Distance(widest, widest / scale, float(np.mean(agreements)) if agreements else 1.0, undecided, flipped)


def compute_reference(cell: OpenCell) -> Reference:
    """In the reference's worker: its numbers on the compared samples."""
    numbers, outputs = _numbers(cell, None)
    return Reference(numbers, cell.task.trail(outputs))


def compute_distance(cell: OpenCell, reference: Reference) -> Distance:
    """In a backend's worker: how far it is from the reference, along the reference's trail."""
    numbers, _ = _numbers(cell, reference.trail)
    return distance(
        numbers,
        reference.numbers,
        cell.task.agreement,
        cell.tolerance.fidelity,
        cell.task.decides_by_argmax,
    )


def _numbers(cell: OpenCell, trail: np.ndarray | None) -> tuple[list[np.ndarray], Any]:
    """A cell's numbers on the compared samples, and the outputs that they are of.

    Raises:
        NotFinite: some are not finite: whatever is compared with them seems to be at no distance.
    """
    compared = cell.samples[:COMPARED]
    batch = cell.encode([sample.input for sample in compared])
    outputs = cell.task.infer(cell.runnable, batch, trail)
    numbers = list(cell.task.numbers(outputs, batch))
    require_finite(numbers, [sample.id for sample in compared])
    return numbers, outputs


def judge(result: Distance, allowed: float, backend: str) -> Outcome:
    """Failed where the distance is more than the backend allows itself, or a decision that was not close differs."""
    fields = {"max_abs_diff": result.max_abs, "relative_diff": result.relative, "agreement": result.agreement}
    if result.relative > allowed:
        reason = (
            f"its outputs stray by {result.relative:.2g} of the reference's largest, more than the {allowed:.2g} "
            f"that {backend} declares (largest difference {result.max_abs:.3g})"
        )
        return Outcome(Status.FAILED, reason, fields)
    if result.flipped:
        reason = f"{result.flipped} decisions differ from the reference's where it was not nearly tied"
        return Outcome(Status.FAILED, reason, fields)
    return Outcome(Status.PASSED, "", fields)


class Fidelity(Check):
    """Whether a backend computes what the reference computes."""

    name = "fidelity"
    question = "does it compute what the reference computes"
    columns = (
        Column(
            "max_abs_diff", "unit of the outputs", "largest difference from the reference's outputs",
            "fidelity not measured",
        ),
        Column(
            "relative_diff", "ratio", "that, relative to the reference's largest absolute output",
            "fidelity not measured",
        ),
        Column("agreement", "0 to 1", "share of decisions that are the reference's", "fidelity not measured"),
    )  # fmt: skip
    requests = MappingProxyType({"reference": compute_reference, "fidelity": compute_distance})

    def applies(self, is_reference: bool, is_trained: bool) -> bool:  # noqa: ARG002
        """The reference is not compared with itself."""
        return not is_reference

    def carry_out(self, cell: CellAccess) -> Outcome:
        """Compare a backend's numbers with the reference's, which are computed once for all backends."""
        original = cell.reference
        if original is None:
            raise LookupError(f"{cell.cell.id} is the reference: there is nothing to compare it with")
        try:
            reference = original.once("reference", lambda: original.ask("reference"))
        except RequestFailed as failure:
            raise of_reference(failure) from None
        result: Distance = cell.ask("fidelity", reference=reference)
        return judge(result, cell.tolerance.fidelity, cell.cell.backend)
