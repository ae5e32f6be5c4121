"""How far a backend's numbers lie from the reference's, on the same inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np


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
        ValueError: another number of samples or positions, or numbers that are not finite.
    """
    if len(numbers) != len(reference):
        raise ValueError(f"{len(numbers)} outputs for {len(reference)} inputs")
    scale = max((float(np.abs(theirs).max()) for theirs in reference if theirs.size), default=0.0) or 1.0
    widest, agreements, undecided, flipped = 0.0, [], 0, 0
    for ours, theirs in zip(numbers, reference, strict=True):
        if ours.shape != theirs.shape:
            raise ValueError(f"an output of shape {ours.shape} where the reference has {theirs.shape}")
        if not np.isfinite(ours).all():
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
