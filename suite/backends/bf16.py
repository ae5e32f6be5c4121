"""Eager PyTorch with weights and activations in bfloat16."""

from __future__ import annotations

from suite.backends.base import Tolerance
from suite.backends.fp16 import Half
from suite.core.runnable import ON_MEMORY
from suite.core.work import Method
from suite.measure import processor

# Seen in results/baselines/epyc-2-cores.
KERNELS = (
    "On a processor with AVX-512, PyTorch leaves products in bfloat16 to oneDNN, which writes a kernel for each shape "
    "that it meets and keeps it: with weights of 1 MB some 60 MB more than eager were seen, and 600 MB more where "
    "speech was synthesized, step by step, at ever new lengths. Of large weights, their half counts for more."
)


class BFloat16(Half):
    """The model converted by `model.to(torch.bfloat16)`."""

    name, dtype = "bf16", "bfloat16"
    # MiniLM moved by 1.2e-2, batches of it by 1e-2; a random GPT-2 by 2e-2.
    tolerance = Tolerance(fidelity=5e-2, batching=5e-2)
    by_default_on_cpu = True
    method = Method(autocast="bfloat16")

    def notes(self, device: str) -> dict[str, str]:
        return {ON_MEMORY: KERNELS} if device == "cpu" and "avx512f" in processor.flags() else {}
