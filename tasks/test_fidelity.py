"""Whether a backend gives the same numbers as the eager reference, within the tolerance that it declares."""

from suite.core.cell import Cell
from suite.core.outcome import Outcome
from suite.plugin.bench import verify


def test_fidelity(cell: Cell, fidelity: Outcome) -> None:
    """The backend stays within its declared tolerance."""
    verify(cell, "fidelity", fidelity)
