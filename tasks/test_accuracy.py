"""Whether a cell is right: above chance, and keeping the accuracy of the reference."""

from suite.cell import Cell
from suite.laboratory import Outcome
from suite.plugin import verify


def test_accuracy(cell: Cell, accuracy: Outcome) -> None:
    verify(cell, "accuracy", accuracy)
