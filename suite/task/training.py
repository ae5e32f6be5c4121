"""The base class of training tasks: what is learnt from, and what a cell is judged on afterwards.

A training task is a task like any other: its samples, its accuracy and the way from an input to an answer are those of
the finished model. Beside them stand the samples that it learns from and a schedule.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from suite.core.work import Method, Schedule, Work
from suite.task.base import Sample, Task


class TrainingTask(Task):
    """A task whose checkpoints are trained before they answer."""

    work = Work.TRAINING
    schedule: ClassVar[Schedule]

    @abstractmethod
    def training_samples(self) -> Sequence[Sample]:
        """The frozen training split of the task's world; it shares nothing with `samples` that those ask about."""

    def takes_method(self, method: Method) -> bool:
        """Whether this capability is trained in that way: all weights by default, adapters where it says so."""
        return method.rank is None

    @abstractmethod
    def classes(self, samples: Sequence[Sample]) -> Sequence[str]:
        """The names of the classes that these training samples have, in the order of the head."""

    @abstractmethod
    def set_classes(self, config: Any, names: Sequence[str]) -> bool:
        """Give a config the classes that its head is to be for; whether they are others than those that it has."""

    @abstractmethod
    def lesson(self, processor: Any, samples: Sequence[Sample], config: Any) -> Sequence[Mapping[str, Any]]:
        """The training samples as rows: what the model takes, and under `labels` what it should answer."""

    @abstractmethod
    def collate(self, processor: Any, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Rows as one padded batch of tensors."""
