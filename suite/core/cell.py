"""The unit of work, its name and its status."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from suite.core.work import Work


class Status(StrEnum):
    """How a cell or one of its checks ended."""

    PASSED = "passed"
    FAILED = "failed"
    KNOWN_FAILURE = "known-failure"
    UNSUPPORTED = "unsupported"
    UNSTABLE = "unstable"
    OOM = "oom"
    TIMEOUT = "timeout"
    ERROR = "error"


WORST_FIRST = (
    Status.FAILED,
    Status.ERROR,
    Status.OOM,
    Status.TIMEOUT,
    Status.UNSTABLE,
    Status.KNOWN_FAILURE,
    Status.PASSED,
    Status.UNSUPPORTED,
)
"""`unsupported` is last: a cell that has one passed check is not unsupported as a whole."""

COULD_NOT_MEASURE = frozenset({Status.UNSTABLE, Status.OOM, Status.TIMEOUT, Status.ERROR})


def worst(statuses: list[Status]) -> Status:
    """The status of a cell from those of its checks."""
    return min(statuses, key=WORST_FIRST.index)


@dataclass(frozen=True)
class Cell:
    """One (task, checkpoint, weights, backend, device, batch size).

    `weights` is "miniature", "random", "hub", "real" (the real checkpoint out of an installed package) or
    "local" (`--model`). `work` is what is done with it: "inference" or "training".
    """

    capability: str
    modality: str
    checkpoint: str
    checkpoint_id: str
    revision: str
    weights: str
    architecture: str
    backend: str
    device: str
    dtype: str
    batch_size: int
    threads: int
    work: str = Work.INFERENCE.value

    @property
    def group(self) -> str:
        """Its checkpoint group: the cells of one task on one checkpoint, whose backends are measured together."""
        return f"{self.capability}/{self.checkpoint}"

    @property
    def id(self) -> str:
        """The part of the node id between the brackets, unique within a run."""
        return f"{self.group}/{self.backend}"
