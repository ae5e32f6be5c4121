"""The base class of ways to train that execute nothing themselves: what they make is run as `eager` runs it."""

from __future__ import annotations

from pathlib import Path

from suite.backends.base import Backend, Tolerance
from suite.core.runnable import Runnable
from suite.core.subject import Subject


class Trainer(Backend):
    """A way to train: its cells are those of training capabilities alone."""

    family, dtype = "torch", "float32"
    infers = False
    # What was tuned is executed in float32, as eager is.
    tolerance = Tolerance(fidelity=1e-4, batching=1e-4)

    def prepare(self, subject: Subject, build: Path | None) -> Runnable:
        raise LookupError(f"{self.name} is a way to train, and executes no checkpoint")
