"""A check, and the two sides of a cell that it sees: the worker's, where the model is, and the run's, which judges.

A check is one file: the functions of `requests` run in the worker and return plain values; `carry_out` runs in pytest's
process, asks for them and judges what comes back. Neither side knows where the other one is.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Protocol

from suite.core.cell import Cell, Status
from suite.core.column import Column
from suite.core.outcome import Outcome, RequestFailed
from suite.core.rounds import Rounds
from suite.core.runnable import Runnable
from suite.core.subject import Subject
from suite.core.work import Method, Work
from suite.task import Sample, Task
from suite.task.answer_sheet import AnswerSheet
from suite.task.sample_answer import SampleAnswer
from suite.training.cell import CellTraining


class Tolerances(Protocol):
    """What a backend declares, relative to the largest absolute value of the reference's numbers."""

    @property
    def fidelity(self) -> float:
        """The largest distance from the reference."""

    @property
    def batching(self) -> float:
        """The largest distance between a batch and the same inputs one by one."""


class OpenCell(Protocol):
    """A cell in its worker: the task, the model that stands ready, and the samples."""

    @property
    def task(self) -> Task:
        """The capability."""

    @property
    def subject(self) -> Subject:
        """The checkpoint."""

    @property
    def runnable(self) -> Runnable:
        """The prepared model."""

    @property
    def samples(self) -> Sequence[Sample]:
        """The samples that the cell is judged on."""

    @property
    def is_users(self) -> bool:
        """Whether the checkpoint is one of the user's own, which may be compared with others."""

    @property
    def training(self) -> CellTraining:
        """Of a cell that trains: how its checkpoint is trained."""

    @property
    def tuned(self) -> Path | None:
        """Of a cell that trains: the folder of its tuned checkpoint and of what is known of its training."""

    @property
    def tolerance(self) -> Tolerances:
        """What the backend declares."""

    @property
    def seed(self) -> int:
        """The run's seed."""

    @property
    def device(self) -> str:
        """Where the model runs."""

    @property
    def batch_size(self) -> int:
        """Inputs per timed call."""

    @property
    def limit(self) -> int | None:
        """How many samples are scored at most."""

    @property
    def baseline_mb(self) -> float:
        """What the worker took before it loaded anything, in MB."""

    @property
    def timed_call(self) -> Callable[[], Any]:
        """The call that is timed: the same batch, of median length, every time; seconds to the first token, or None."""

    @property
    def timed_length(self) -> int | None:
        """The length of that batch in tokens; None where it has none."""

    @property
    def timed_tokens(self) -> int:
        """How many new tokens that call generates in all."""

    def encode(self, inputs: Sequence[Any]) -> dict[str, Any]:
        """The model's inputs for a batch, on the device."""

    def executed_by(self, backend: str) -> Runnable:
        """Of a cell that trains: its tuned checkpoint, prepared by another backend.

        Raises:
            Unsupported: it cannot run there.
        """


class CellAccess(Protocol):
    """A cell as the run sees it. Every answer of its worker comes as a value, or as `RequestFailed`."""

    @property
    def cell(self) -> Cell:
        """Which cell it is."""

    @property
    def task(self) -> Task:
        """The capability."""

    @property
    def tolerance(self) -> Tolerances:
        """What the backend declares."""

    @property
    def reference(self) -> CellAccess | None:
        """The reference cell of the same checkpoint; None for the reference itself."""

    @property
    def seed(self) -> int:
        """The run's seed."""

    @property
    def strict(self) -> bool:
        """Whether `--strict` was given."""

    def ask(self, request: str, *, timed: bool = False, **arguments: Any) -> Any:
        """The worker's answer. While it answers a `timed` request nothing else is at work."""

    def once(self, request: str, make: Callable[[], Any]) -> Any:
        """What `make` gives, kept until the run turns to another checkpoint."""

    def rounds(self) -> Rounds:
        """The cell's rounds of timed calls, measured interleaved with the other backends of its checkpoint."""

    def record_sample_answers(self, answers: Sequence[SampleAnswer]) -> None:
        """Write down a few answers to be looked at."""

    def record_curve(self, losses: Sequence[float]) -> None:
        """Write down the loss at each step of a training."""

    def keep_tuned(self, card: str) -> None:
        """Keep the tuned checkpoint of a user's own beside the run's record, with its card."""

    def record_answer_sheet(self, sheet: AnswerSheet, pictures: Sequence[bytes | None]) -> None:
        """Write down the answers to all samples, and pictures of the first ones."""


class Check(ABC):
    """One question that is asked of a cell. Subclass it in one file, and add it to the registry."""

    name: ClassVar[str]
    question: ClassVar[str]
    """In words, for the table of columns: "does it honour its interface"."""
    columns: ClassVar[tuple[Column, ...]] = ()
    """What it writes beside its status."""
    works: ClassVar[frozenset[Work]] = frozenset({Work.INFERENCE})
    """Of which work it asks its question."""
    leads: ClassVar[bool] = False
    """Whether its columns stand before those of the others."""
    interleaved: ClassVar[bool] = False
    """Whether the selected cells of a checkpoint are measured together, in turns."""
    requests: ClassVar[Mapping[str, Callable[..., Any]]] = MappingProxyType({})
    """What it asks of a worker, by the request's name: functions of an `OpenCell` and of the request's arguments."""

    @property
    def status_column(self) -> str:
        """The column of its status."""
        return f"{self.name}_check" if any(column.name == self.name for column in self.columns) else self.name

    def applies(self, is_reference: bool, is_trained: bool) -> bool:  # noqa: ARG002
        """Whether a cell can be asked at all: whether it is the reference, and whether its weights mean anything."""
        return True

    def applies_to(self, method: Method | None) -> bool:  # noqa: ARG002
        """Whether a cell that trains by this method can be asked; `None` is one that answers."""
        return True

    @abstractmethod
    def carry_out(self, cell: CellAccess) -> Outcome:
        """Ask and judge.

        Raises:
            RequestFailed: a worker had no answer.
        """


def of_reference(failure: RequestFailed) -> RequestFailed:
    """What it means for a cell that its reference gave no answer: there is nothing to compare with."""
    if failure.status is Status.FAILED:
        return RequestFailed(Status.FAILED, f"there is nothing to compare with: {failure.reason}")
    return RequestFailed(Status.ERROR, f"the reference could not run: {failure.reason}")
