"""Whether a cell behaves as its task promises: shapes, repeatability, batching, limits and refusals."""

from suite.cell import Cell
from suite.matrix import verify
from suite.outcome import Outcome


def test_conformance(cell: Cell, conformance: Outcome) -> None:
    """The cell does what its task promises."""
    verify(cell, "conformance", conformance)
