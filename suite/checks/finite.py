"""Outputs that hold NaN or infinity: nothing can be compared with them, and an answer made of them means nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from suite.core.errors import NotFinite


def require_finite(numbers: Sequence[np.ndarray], names: Sequence[str]) -> None:
    """Refuse numbers that are not finite; `names` says whose each array is.

    Raises:
        NotFinite: how many arrays hold such, and where the first of them does.
    """
    wrong = [index for index, array in enumerate(numbers) if not _is_finite(array)]
    if not wrong:
        return
    first = numbers[wrong[0]]
    place = tuple(int(index) for index in np.argwhere(~np.isfinite(first))[0])
    name = names[wrong[0]] if wrong[0] < len(names) else str(wrong[0] + 1)
    where = ", ".join(f"{what} {index}" for what, index in zip(("position", "value"), place, strict=False))
    raise NotFinite(
        f"numbers that are not finite in {len(wrong)} of {len(numbers)} outputs, first in that for sample {name} "
        f"({first[place]} at {where})"
    )


def _is_finite(array: np.ndarray) -> bool:
    # The two extremes tell as much as a test of each number, and need no second array of that size.
    return not array.size or bool(np.isfinite(array.min()) and np.isfinite(array.max()))
