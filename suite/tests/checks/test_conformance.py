"""A batch against single inputs, where a model feeds numbers of its own back to itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pytest

from suite.checks import conformance
from suite.core.runnable import Runnable
from suite.core.subject import Subject
from suite.task import Task

STEPS = 12


@dataclass
class Steps:
    """What the model said at each step, and what it was fed after it: (batch, steps, 1)."""

    own: np.ndarray
    fed: np.ndarray


class Loop:
    """A task whose model makes small differences larger step by step. `error` is made at each step of a batch."""

    decides_by_argmax = False

    def __init__(self, error: float) -> None:
        self.error = error

    def encode(self, processor: Any, inputs: list[float]) -> dict[str, Any]:
        import torch

        return {"x": torch.tensor(inputs)}

    def infer(self, runnable: Any, batch: dict[str, Any], forced: np.ndarray | None = None) -> Steps:
        start = batch["x"].numpy()
        own, fed = np.zeros((len(start), STEPS, 1)), np.zeros((len(start), STEPS, 1))
        last = start
        for step in range(STEPS):
            own[:, step, 0] = np.cos(5 * last) + (self.error if len(start) > 1 else 0.0)
            fed[:, step] = own[:, step] if forced is None else forced[:, step]
            last = fed[:, step, 0]
        return Steps(own, fed)

    def trail(self, outputs: Steps) -> np.ndarray:
        return outputs.fed

    def decode(self, outputs: Steps, *_: Any) -> list[str]:
        return ["said"] * len(outputs.own)

    def numbers(self, outputs: Steps, batch: dict[str, Any]) -> list[np.ndarray]:
        return list(outputs.own)


@dataclass
class Unused:
    """What stands for a subject whose processor is not asked."""

    processor: None = None
    config: None = None
    device: str = "cpu"
    generative: bool = False


@pytest.mark.parametrize(("error", "found"), [(0.01, 0), (0.3, 1)])
def test_steps_are_compared_along_one_trail(error: float, found: int) -> None:
    """An error of one step is within the tolerance or a fault; what twelve steps make of it is neither."""
    inputs = [0.5, 1.0]
    task = cast(Task, Loop(error))
    free = task.infer(cast(Runnable, None), task.encode(None, inputs)).own[0, -1, 0]
    alone = task.infer(cast(Runnable, None), task.encode(None, inputs[:1])).own[0, -1, 0]
    bench = conformance.CellUnderTest(task, cast(Subject, Unused()), cast(Runnable, None), 0.05, 0)
    assert abs(free - alone) > 2 * bench.tolerance
    assert len(list(conformance._batching(bench, inputs))) == found
