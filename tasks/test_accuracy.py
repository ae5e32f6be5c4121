"""Whether a cell is right: above chance, and keeping the accuracy of the reference."""

from suite.core.cell import Cell
from suite.core.outcome import Outcome
from suite.plugin.bench import verify


def test_accuracy(cell: Cell, accuracy: Outcome) -> None:
    """The cell is above chance and keeps the reference's accuracy."""
    verify(cell, "accuracy", accuracy)
