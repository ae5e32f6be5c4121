"""Eager PyTorch in float32: the reference."""

from __future__ import annotations

from pathlib import Path

from suite.backends.base import Backend, Tolerance
from suite.backends.shared.model_size import model_bytes
from suite.core.runnable import Runnable
from suite.core.subject import Subject
from suite.core.work import Method


class Eager(Backend):
    """The model as transformers loads it."""

    name, family, dtype = "eager", "torch", "float32"
    # Batches and padding move float32 by 1e-6 (MiniLM, 64 sentences).
    tolerance = Tolerance(fidelity=1e-4, batching=1e-4)
    needs_weights = False
    method = Method()

    def prepare(self, subject: Subject, build: Path | None) -> Runnable:
        model = subject.load_model().to(subject.device)
        return Runnable(model, subject.device, model_bytes(model))
