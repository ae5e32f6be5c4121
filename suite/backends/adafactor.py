"""Training with Adafactor, which keeps sums over rows and columns of each matrix where AdamW keeps two copies of it."""

from __future__ import annotations

from suite.backends.shared.trainer import Trainer
from suite.core.work import Method


class Adafactor(Trainer):
    """Adafactor (Shazeer and Stern 2018) at the schedule's learning rate, without one of its own."""

    name = "adafactor"
    method = Method(optimizer="adafactor")
