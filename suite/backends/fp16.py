"""Eager PyTorch with weights and activations in float16."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from suite.backends.base import Backend, Tolerance
from suite.backends.shared.model_size import model_bytes
from suite.core.runnable import Runnable
from suite.core.subject import Subject


@dataclass
class CastRunnable(Runnable):
    """Gives the model its floating-point inputs (images, sound) in its own precision."""

    dtype: str = "float16"

    def __call__(self, batch: Mapping[str, Any]) -> Any:
        return super().__call__(self._cast(batch))

    def generate(self, batch: Mapping[str, Any], **options: Any) -> Any:
        return super().generate(self._cast(batch), **options)

    def call(self, method: str, **inputs: Any) -> Any:
        return super().call(method, **self._cast(inputs))

    def _cast(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        import torch

        dtype = getattr(torch, self.dtype)
        return {
            name: value.to(dtype) if isinstance(value, torch.Tensor) and value.is_floating_point() else value
            for name, value in batch.items()
        }


class Half(Backend):
    """The model converted by `model.to(torch.float16)`."""

    name, family, dtype = "fp16", "torch", "float16"
    # MiniLM moved by 2e-3, batches of it by 1e-3; a random GPT-2 by 2e-3.
    tolerance = Tolerance(fidelity=1e-2, batching=1e-2)
    by_default_on_cpu = False
    """Few processors compute in it: on others it took a quarter of the whole default matrix, most of it slower."""

    def prepare(self, subject: Subject, build: Path | None) -> Runnable:
        import torch

        model = subject.load_model().to(subject.device, getattr(torch, self.dtype))
        notes = self.notes(subject.device)
        return CastRunnable(model, subject.device, model_bytes(model), notes, dtype=self.dtype)

    def notes(self, device: str) -> dict[str, str]:
        """What a reader of its numbers must know."""
        return {}
