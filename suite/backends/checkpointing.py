"""Training with activations computed again on the way back: less memory, more time."""

from __future__ import annotations

from suite.backends.shared.trainer import Trainer
from suite.core.work import Method


class Checkpointing(Trainer):
    """Gradient checkpointing (Chen et al. 2016)."""

    name = "checkpointing"
    method = Method(checkpointing=True)
