"""The base class of backends, and the tolerance that each declares."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from suite.core.work import Method

if TYPE_CHECKING:
    from suite.core.runnable import Runnable
    from suite.core.subject import Subject


@dataclass(frozen=True)
class Tolerance:
    """How far a backend may stray, relative to the largest absolute value of the reference's numbers.

    `fidelity` bounds its distance to the eager reference, `batching` the distance between a batch of N
    and N singles on the backend itself.
    """

    fidelity: float
    batching: float


class Backend(ABC):
    """One way to execute a checkpoint. One file, one line in the registry."""

    name: ClassVar[str]
    family: ClassVar[str]
    """"torch", "onnxruntime" or "none"."""
    dtype: ClassVar[str]
    tolerance: ClassVar[Tolerance]
    checks: ClassVar[frozenset[str]] = frozenset({"conformance", "fidelity", "accuracy", "latency"})
    builds: ClassVar[bool] = False
    """Whether `build` makes files that later runs can load: an export, compiled kernels."""
    needs_weights: ClassVar[bool] = True
    """Whether it changes or converts a model's weights, so that a checkpoint without any is nothing for it."""
    infers: ClassVar[bool] = True
    """Whether it executes a finished checkpoint; false for what is a way of training alone."""
    method: ClassVar[Method | None] = None
    """How it trains a checkpoint; `None` for what does not."""
    by_default: ClassVar[bool] = True
    """Whether it runs where no `--backend` is given: what takes long to build is asked for by name, or with `all`."""
    by_default_on_cpu: ClassVar[bool] = True
    """Whether it does so on a CPU: what has no instructions there takes long, and tells little."""
    base: ClassVar[str | None] = None
    """The backend whose build this one starts from."""
    libraries: ClassVar[tuple[str, ...]] = ("torch", "transformers")
    """Distributions whose versions belong to the cache key of a build."""

    preload: ClassVar[tuple[str, ...]] = ()
    """What the forkserver imports for this backend: transformers' names, or "module:attribute"."""

    def runs_unasked(self, device: str) -> bool:
        """Whether it runs on `device` where no `--backend` is given."""
        return self.by_default and (self.by_default_on_cpu or device != "cpu")

    def unsupported(self, device: str) -> str | None:
        """Why no cell of this backend can run on `device`, or `None`. Called without torch in the process."""
        return None

    def explain(self, model: str, problem: str) -> str | None:
        """Why a checkpoint of the user's own cannot be built for this backend or run there, in a sentence.

        `model` is its class, `problem` what was raised. `None` where that would be a fault and no limit.
        """
        return None

    def options(self) -> Mapping[str, Any]:
        """What else determines the build: part of its cache key."""
        return {}

    def build(self, subject: Subject, directory: Path, base: Path | None) -> None:
        """Write the build into the empty `directory`. Runs in a process of its own, never the measured one.

        `base` is the finished build of the backend named by the class attribute `base`.
        """

    @abstractmethod
    def prepare(self, subject: Subject, build: Path | None) -> Runnable:
        """The runnable, on `subject.device`. Called once, in the worker; `build` is what `build` wrote."""
