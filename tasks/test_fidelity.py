"""Whether a backend gives the same numbers as the eager reference, within the tolerance that it declares."""

from suite.cell import Cell
from suite.matrix import verify
from suite.outcome import Outcome


def test_fidelity(cell: Cell, fidelity: Outcome) -> None:
    """The backend stays within its declared tolerance."""
    verify(cell, "fidelity", fidelity)
