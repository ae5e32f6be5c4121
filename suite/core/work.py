"""What a cell does with its checkpoint: answer with it, or train it; and the ways to train one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Work(StrEnum):
    """Of a task, what its cells do; of a check, what it can be asked of."""

    INFERENCE = "inference"
    TRAINING = "training"


@dataclass(frozen=True)
class Method:
    """A way to train: everything but the checkpoint, the data and the schedule.

    `rank` is that of low-rank adapters beside the frozen weights (LoRA, Hu et al. 2021); None trains all weights.
    `optimizer` is a name that transformers' `TrainingArguments(optim=...)` takes.
    """

    autocast: str | None = None
    """The dtype that matrix products are computed in while the weights stay float32; None for float32 throughout."""
    compiled: bool = False
    checkpointing: bool = False
    """Whether activations are computed again on the way back instead of being kept (Chen et al. 2016)."""
    optimizer: str = "adamw_torch"
    rank: int | None = None


@dataclass(frozen=True)
class Schedule:
    """How long and how fast a task trains: linear warm-up over the share `warmup`, then linear decay to zero.

    `rates` are the highest learning rates, of all weights and of adapters, which take a higher one.
    """

    steps: int
    batch_size: int
    rate: float
    adapter_rate: float
    warmup: float = 0.1
    weight_decay: float = 0.01
