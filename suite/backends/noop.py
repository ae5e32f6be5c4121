"""A backend that runs no model: its numbers are the harness's own share of every measurement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from suite.backends.base import Backend, Tolerance
from suite.core.runnable import Runnable
from suite.core.subject import Subject


@dataclass
class NoopRunnable(Runnable):
    """Returns the same answer to every call."""

    answer: dict[str, Any] = field(default_factory=dict)

    def __call__(self, batch: Mapping[str, Any]) -> Any:
        return self.answer

    def call(self, method: str, **inputs: Any) -> Any:
        return self.answer

    def generate(self, batch: Mapping[str, Any], **options: Any) -> Any:
        return self.answer


class Noop(Backend):
    """Loads no weights and looks at no input."""

    name, family, dtype = "noop", "none", "none"
    tolerance = Tolerance(fidelity=0.0, batching=0.0)
    needs_weights = False
    checks: ClassVar[frozenset[str]] = frozenset({"latency"})
    libraries: ClassVar[tuple[str, ...]] = ()

    def prepare(self, subject: Subject, build: Path | None) -> Runnable:
        return NoopRunnable(None, subject.device)
