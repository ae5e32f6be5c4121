"""Whether a cell is right: above chance, and keeping the accuracy of the reference."""

from suite.cell import Cell
from suite.matrix import verify
from suite.outcome import Outcome


def test_accuracy(cell: Cell, accuracy: Outcome) -> None:
    """The cell is above chance and keeps the reference's accuracy."""
    verify(cell, "accuracy", accuracy)
