"""Whether an adapter is one: its base unmoved, merged and unmerged alike, and the same once it is saved and loaded."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from suite.checks.base import CellAccess, Check, OpenCell
from suite.checks.conformance import BATCH, spread_by_size
from suite.core.cell import Status
from suite.core.outcome import Outcome
from suite.core.work import Method, Work
from suite.training.adapters import apart_when_merged
from suite.training.cell import ADAPTER, read_facts

MERGED_APART = 1e-3
"""How far merging may move an output, relative to the largest: the sum of two products is now one. 2e-5 was seen."""


@dataclass(frozen=True)
class AdapterFound:
    """The frozen weights that moved, and how far the merged model's outputs are from the adapter's beside its base."""

    moved: list[str]
    apart: float


def examine(cell: OpenCell) -> AdapterFound:
    """In the worker: put the saved adapter beside a new copy of the base, and compare with what was merged."""
    assert cell.tuned is not None
    inputs = spread_by_size([sample.input for sample in cell.samples], BATCH, cell.task.size_of)
    batch = cell.encode(inputs)
    base = cell.subject.load_model().to(cell.device)
    apart = apart_when_merged(base, cell.tuned / ADAPTER, cell.runnable.model, batch)
    return AdapterFound(read_facts(cell.tuned).moved, apart)


def judge(found: AdapterFound) -> Outcome:
    """Failed where the base moved, or where merging changes the answers."""
    if found.moved:
        return Outcome(
            Status.FAILED,
            f"{len(found.moved)} frozen weights of the base were changed by the training, {found.moved[0]} among them: "
            "the adapter does not fit the base that others have",
        )
    if found.apart > MERGED_APART:
        return Outcome(
            Status.FAILED,
            f"the adapter beside its base and the merged model differ by {found.apart:.2g} of the largest output, more "
            f"than {MERGED_APART:.0e}",
        )
    return Outcome(Status.PASSED)


class AdapterCheck(Check):
    """Whether what was trained beside a base leaves it alone, and can be had apart from it."""

    name = "adapter"
    question = "is its base unmoved, and are merged and unmerged alike"
    works = frozenset({Work.TRAINING})
    requests = MappingProxyType({"adapter": examine})

    def applies_to(self, method: Method | None) -> bool:
        """Only what trains adapters."""
        return method is not None and method.rank is not None

    def carry_out(self, cell: CellAccess) -> Outcome:
        """Compare."""
        found: AdapterFound = cell.ask("adapter")
        return judge(found)
