"""Where int8 turns, from ratios that are known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from suite.benchmarks.int8_widths import Measured, turning_width


@pytest.mark.parametrize(
    ("ratios", "expected"),
    [([9, 2, 0.9, 0.5], 300), ([9, 0.9, 2, 0.5], 400), ([0.9], 100), ([9, 2, 1.1], None), ([], None)],
)
def test_it_turns_where_no_wider_layer_is_slower(ratios: Sequence[float], expected: int | None) -> None:
    measured = [Measured(1, 100 * (place + 1), np.full(5, ratio)) for place, ratio in enumerate(ratios)]
    assert turning_width(measured) == expected
