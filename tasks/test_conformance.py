"""Whether a cell behaves as its task promises: shapes, repeatability, batching, limits and refusals."""

from suite.core.cell import Cell
from suite.core.outcome import Outcome
from suite.plugin.bench import verify


def test_conformance(cell: Cell, conformance: Outcome) -> None:
    """The cell does what its task promises."""
    verify(cell, "conformance", conformance)
