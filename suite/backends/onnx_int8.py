"""The exported graphs with int8 weights, and activations quantized as they come, in ONNX Runtime."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from suite.backends.base import Tolerance
from suite.backends.onnx import Onnx
from suite.backends.shared.onnx import quantizing
from suite.core.runnable import Runnable
from suite.core.subject import Subject


class OnnxInt8(Onnx):
    """Quantized out of the build of `onnx`: nothing is exported a second time."""

    name, dtype = "onnx-int8", "int8"
    # MiniLM's sentence vectors moved by 1.3e-1 (3.2e-1 without `per_channel`); between a batch and singles by 1.5e-1,
    # since a whole tensor shares one scale. Wrong outputs are at 1 and beyond.
    tolerance = Tolerance(fidelity=2e-1, batching=2.5e-1)
    base = "onnx"

    def options(self) -> Mapping[str, Any]:
        return {
            "operators": list(quantizing.OPERATORS),
            "per_channel": True,
            "reduce_range": quantizing.saturates(),
        }

    def build(self, subject: Subject, directory: Path, base: Path | None) -> None:
        if base is None:
            raise ValueError(f"{self.name} starts from the build of {self.base}: pass its folder")
        quantizing.quantize_folder(base, directory, dict(self.options()))

    def prepare(self, subject: Subject, build: Path | None) -> Runnable:
        runnable = super().prepare(subject, build)
        if build is not None:
            runnable.notes |= quantizing.read_notes(build)
        return runnable
