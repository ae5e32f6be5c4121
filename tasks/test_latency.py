"""How fast a cell is. The checkpoint's backends are measured together, interleaved, and replayed."""

import pytest

from suite.core.cell import Cell
from suite.core.outcome import Outcome
from suite.plugin.bench import verify
from suite.plugin.benchmark_clock import clock


@pytest.mark.benchmark(timer=clock)
@pytest.mark.filterwarnings("ignore:Benchmark fixture was not used")
def test_latency(cell: Cell, latency: Outcome) -> None:
    """The cell's latency could be measured, and its time was spent computing."""
    verify(cell, "latency", latency)
