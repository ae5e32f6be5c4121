"""Not there yet."""

from __future__ import annotations

from pathlib import Path

from suite.backends.base import Backend, Tolerance
from suite.runnable import Runnable
from suite.subject import Subject


class Onnx(Backend):
    """Not there yet."""

    name, family, dtype = "onnx", "onnxruntime", "float32"
    tolerance = Tolerance(fidelity=1e-3, batching=1e-3)

    def unsupported(self, device: str) -> str | None:
        return "this backend is being written"

    def prepare(self, subject: Subject, build: Path | None) -> Runnable:
        raise NotImplementedError
