"""Training by low-rank adapters (LoRA, Hu et al. 2021), of several ranks."""

from __future__ import annotations

from suite.backends.shared.trainer import Trainer
from suite.core.work import Method


class Rank2(Trainer):
    """Adapters of rank 2."""

    name = "lora-2"
    method = Method(rank=2)


class Rank8(Trainer):
    """Adapters of rank 8."""

    name = "lora-8"
    method = Method(rank=8)


class Rank32(Trainer):
    """Adapters of rank 32."""

    name = "lora-32"
    method = Method(rank=32)
