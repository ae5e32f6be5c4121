"""Eager PyTorch with weights and activations in bfloat16."""

from __future__ import annotations

from suite.backends.base import Tolerance
from suite.backends.fp16 import Half


class BFloat16(Half):
    """The model converted by `model.to(torch.bfloat16)`."""

    name, dtype = "bf16", "bfloat16"
    tolerance = Tolerance(fidelity=5e-2, batching=5e-2)
