"""The exported graphs in ONNX Runtime, in float32."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from suite.backends.base import Backend, Tolerance
from suite.backends.shared.model_size import directory_bytes
from suite.backends.shared.onnx import library
from suite.backends.shared.onnx.sessions import shrinking
from suite.core.runnable import ON_MEMORY, Runnable
from suite.core.subject import Subject

EXPORTS = 3
"""Raised where the same model is exported as other graphs than before: earlier builds are then not used any more."""


ARENA = (
    "ONNX Runtime keeps the memory that its largest call took, and the checks before the timed calls answer several "
    "inputs at once: this is the memory of such a batch, where eager's was given back."
)


@dataclass
class GraphsRunnable(Runnable):
    """Lets its sessions give back what larger batches took."""

    sessions: Sequence[Any] = ()

    def give_back(self, call: Callable[[], Any]) -> None:
        with shrinking(self.sessions):
            call()


class Onnx(Backend):
    """Exported once into the cache; the worker that is measured loads the graphs and no torch weights."""

    name, family, dtype = "onnx", "onnxruntime", "float32"
    # 2e-6 was measured: other fusions, the same arithmetic.
    tolerance = Tolerance(fidelity=1e-3, batching=1e-3)
    builds = True
    libraries: ClassVar[tuple[str, ...]] = (
        "torch", "transformers", "onnx", "onnxscript", "onnxruntime", "onnxruntime-gpu", "optimum-onnx"
    )  # fmt: skip
    preload: ClassVar[tuple[str, ...]] = library.preload()

    def unsupported(self, device: str) -> str | None:
        return library.unsupported(device)

    def options(self) -> Mapping[str, Any]:
        return {"exports": EXPORTS}

    def explain(self, model: str, problem: str) -> str | None:
        return (
            f"{model} cannot be exported to ONNX and run there ({problem}), which is a limit of the exporter for this "
            "architecture: use the backends of torch"
        )

    def build(self, subject: Subject, directory: Path, base: Path | None) -> None:
        if library.has_exporter():
            from suite.backends.shared.onnx import exporting

            exporting.export(subject, directory)
        else:
            from suite.backends.shared.onnx import optimum_models

            optimum_models.export(subject, directory)

    def prepare(self, subject: Subject, build: Path | None) -> Runnable:
        if build is None:
            raise ValueError(f"{self.name} runs what it built: pass the folder")
        size = directory_bytes(build, "*.onnx*")
        if library.has_exporter():
            from suite.backends.shared.onnx import running

            model, sessions = running.open_model(subject, build)
            return GraphsRunnable(model, subject.device, size, sessions=sessions if subject.device == "cpu" else ())
        from suite.backends.shared.onnx import optimum_models

        model = optimum_models.open_model(subject, build)
        return Runnable(model, subject.device, size, {ON_MEMORY: ARENA} if subject.device == "cpu" else {})
