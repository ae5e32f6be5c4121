"""How fast a cell is. The checkpoint's backends are measured together, interleaved, and replayed."""

import pytest

from suite.cell import Cell
from suite.matrix import verify
from suite.outcome import Outcome
from suite.replay import clock


@pytest.mark.benchmark(timer=clock)
@pytest.mark.filterwarnings("ignore:Benchmark fixture was not used")
def test_latency(cell: Cell, latency: Outcome) -> None:
    """The cell's latency could be measured, and its time was spent computing."""
    verify(cell, "latency", latency)
