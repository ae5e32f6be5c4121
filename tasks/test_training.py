"""Whether a training teaches, can be had again, survives being cut off, and leaves alone what it should."""

from suite.core.cell import Cell
from suite.core.outcome import Outcome
from suite.plugin.bench import verify


def test_learns(cell: Cell, learns: Outcome) -> None:
    """The tuned checkpoint is better than the untuned one, and permuted labels teach nothing."""
    verify(cell, "learns", learns)


def test_reproducible(cell: Cell, reproducible: Outcome) -> None:
    """The same seed gives the same training."""
    verify(cell, "reproducible", reproducible)


def test_resumes(cell: Cell, resumes: Outcome) -> None:
    """Cut off and resumed, a training ends as an unbroken one."""
    verify(cell, "resumes", resumes)


def test_adapter(cell: Cell, adapter: Outcome) -> None:
    """An adapter's base is unmoved, and merging it changes nothing."""
    verify(cell, "adapter", adapter)


def test_keeps(cell: Cell, keeps: Outcome) -> None:
    """Exported and quantized, the tuned checkpoint is as right as it is by itself."""
    verify(cell, "keeps", keeps)
