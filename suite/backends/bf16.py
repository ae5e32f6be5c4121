"""Eager PyTorch with weights and activations in bfloat16."""

from __future__ import annotations

from suite.backends.base import Tolerance
from suite.backends.fp16 import Half


class BFloat16(Half):
    """The model converted by `model.to(torch.bfloat16)`."""

    name, dtype = "bf16", "bfloat16"
    # MiniLM moved by 1.2e-2, batches of it by 1e-2; a random GPT-2 by 2e-2.
    tolerance = Tolerance(fidelity=5e-2, batching=5e-2)
