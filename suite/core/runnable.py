"""What a backend hands to the checks: something that runs a model forward, and generates where it can."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

ON_SPEED, ON_MEMORY = "on_speed", "on_memory"
"""Keys of notes: what to know before this backend's latencies, or its memory, are compared with the reference's."""


@dataclass
class Runnable:
    """A prepared model on one device.

    `model` is called with the batch's tensors and returns what the model class returns; where the task
    generates, it has `generate()` of transformers' own mixin. `size_bytes` is what the weights take as
    this backend stores them; `notes` what a reader of the numbers must know (modules left unquantized). Those under
    `ON_SPEED` and `ON_MEMORY` are sentences, which the report has beside the figures of these.
    """

    model: Any
    device: str
    size_bytes: int = 0
    notes: dict[str, Any] = field(default_factory=dict)

    def __call__(self, batch: Mapping[str, Any]) -> Any:
        """One forward."""
        import torch

        with torch.inference_mode():
            return self.model(**batch)

    def generate(self, batch: Mapping[str, Any], **options: Any) -> Any:
        """transformers' `generate()` with `options` as its keyword arguments."""
        import torch

        with torch.inference_mode():
            return self.model.generate(**batch, **options)

    def call(self, method: str, **inputs: Any) -> Any:
        """Another method of the model: the loop of a class that has one of its own (`generate_speech`, say)."""
        import torch

        with torch.inference_mode():
            return getattr(self.model, method)(**inputs)

    def give_back(self, call: Callable[[], Any]) -> None:
        """Let go of memory that is kept from larger batches than that of `call`, which may be called for it.

        Nothing is to be done where memory is given back as it becomes free.
        """

    def synchronize(self) -> None:
        """Wait until the device has finished what it was given."""
        if self.device.startswith("cuda"):
            import torch

            torch.cuda.synchronize(self.device)
        elif self.device.startswith("mps"):
            import torch

            torch.mps.synchronize()
