"""What a checkpoint learns from: encoded rows, how they become batches, and the schedule."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from suite.core.work import Schedule

LABELS = "labels"
"""The key of a row under which its truth stands."""


@dataclass(frozen=True)
class Lessons:
    """Encoded rows of a training split. `collate` makes a padded batch of some; `seed` orders them."""

    rows: Sequence[Mapping[str, Any]]
    collate: Callable[[Sequence[Mapping[str, Any]]], dict[str, Any]]
    schedule: Schedule
    seed: int

    def with_permuted_labels(self) -> Lessons:
        """The same inputs and the same labels, but none at its own input except by chance.

        What learns from these learns nothing about the inputs (Zhang et al. 2017): whoever seems to, was told the
        answers in another way.
        """
        order = np.random.default_rng(self.seed).permutation(len(self.rows))
        labels = [self.rows[index][LABELS] for index in order]
        rows = [{**row, LABELS: label} for row, label in zip(self.rows, labels, strict=True)]
        return replace(self, rows=rows)

    def for_steps(self, steps: int) -> Lessons:
        """The same with a schedule of so many steps."""
        return replace(self, schedule=replace(self.schedule, steps=steps))

    @property
    def digest(self) -> str:
        """A hash of all that determines what is learnt."""
        digest = hashlib.sha256(repr((self.schedule, self.seed)).encode())
        for row in self.rows:
            digest.update(repr(sorted(row.items())).encode())
        return digest.hexdigest()
