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


SMALL = 124_000
"""The number of parameters that the rates of a schedule are for: a miniature's."""
FALL, FALL_OF_ADAPTERS = 0.645, 0.45
"""The powers of the number of parameters by which the rates fall."""


@dataclass(frozen=True)
class Schedule:
    """How long and how fast a task trains: linear warm-up over the share `warmup`, then linear decay to zero.

    `rate` and `adapter_rate` are the highest learning rates of all weights and of adapters, in a model of
    `SMALL` parameters; larger ones take lower ones.
    """

    steps: int
    batch_size: int
    rate: float
    adapter_rate: float
    warmup: float = 0.1
    weight_decay: float = 0.01

    def rate_for(self, parameters: int, rank: int | None) -> float:
        """The highest learning rate for a model of so many parameters; `rank` is that of its adapters.

        A power of the size through what is usual at both ends: 4e-3 for a miniature gives 3e-4 for 7 million parameters
        (Turc et al. 2019 take 3e-4 to 3e-5 for their small BERTs), 5e-5 for BERT-base (Devlin et al. 2019) and 2e-5 for
        BERT-large. Adapters take 5e-4 in a model of BERT-base's size (Hu et al. 2021).
        """
        at, falls = (self.rate, FALL) if rank is None else (self.adapter_rate, FALL_OF_ADAPTERS)
        return at * min(1.0, (SMALL / max(1, parameters)) ** falls)
