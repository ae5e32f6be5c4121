"""Backends with a planted fault each. The suite must see through every one of them."""

from __future__ import annotations

import itertools
import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from suite.backends.eager import Eager
from suite.core.runnable import Runnable
from suite.core.subject import Subject
from suite.measure import latency

_WITHOUT_RESERVE = 0x4000
"""Linux's MAP_NORESERVE, which Python 3.11 does not name."""


class Faulty(Eager):
    """Eager, with `spoil` put around every forward."""

    name = "faulty"

    def prepare(self, subject: Subject, build: Path | None) -> Runnable:
        runnable = super().prepare(subject, build)
        honest = runnable.model
        runnable.model = lambda **batch: self.spoil(honest, batch)
        return runnable

    def spoil(self, honest: Any, batch: Mapping[str, Any]) -> Any:
        raise NotImplementedError


class WrongOutputs(Faulty):
    """Adds noise to the logits, as large as they are."""

    noise = 1.0

    def spoil(self, honest: Any, batch: Mapping[str, Any]) -> Any:
        import torch

        outputs = honest(**batch)
        noise = torch.randn(outputs.logits.shape, generator=torch.Generator().manual_seed(1))
        outputs["logits"] = outputs.logits + self.noise * noise * outputs.logits.abs().max()
        return outputs


class Damaged(WrongOutputs):
    """Adds a little noise to the logits: most answers survive."""

    noise = 0.1


class NotFinite(Faulty):
    """Computes NaN for one input of every batch."""

    def spoil(self, honest: Any, batch: Mapping[str, Any]) -> Any:
        outputs = honest(**batch)
        outputs.logits[-1] = float("nan")
        return outputs


class Overflows(NotFinite):
    """The same in half precision."""

    dtype = "float16"


class NotFiniteReference(NotFinite):
    """The same as the reference."""

    name = "eager"


class SlightlyWrong(Faulty):
    """Is off by half a per cent: more than fp32 may be."""

    def spoil(self, honest: Any, batch: Mapping[str, Any]) -> Any:
        outputs = honest(**batch)
        outputs["logits"] = outputs.logits * 1.005
        return outputs


class PreviousAnswers(Faulty):
    """Returns what it computed for the batch before, where the shape allows."""

    previous: Any = None

    def spoil(self, honest: Any, batch: Mapping[str, Any]) -> Any:
        outputs = honest(**batch)
        stale, self.previous = self.previous, outputs
        if stale is not None and stale.logits.shape == outputs.logits.shape:
            return stale
        return outputs


class Sleeps(Faulty):
    """Sleeps in every forward."""

    def spoil(self, honest: Any, batch: Mapping[str, Any]) -> Any:
        time.sleep(0.005)
        return honest(**batch)


class Clocked(Eager):
    """Its worker has a clock by which every call of a round takes so many milliseconds. `is_first`: no worker of the
    checkpoint was there before it.
    """

    is_first = True

    def prepare(self, subject: Subject, build: Path | None) -> Runnable:
        mark = subject.directory.with_name(f"{self.name}-was-here")
        self.is_first = not mark.exists()
        mark.touch()
        honest, rounds = latency.timed_calls, itertools.count()

        def timed_calls(call: latency.Call, seconds: float) -> tuple[list[float], list[Any], float]:
            durations, results, _ = honest(call, seconds)
            took = self.milliseconds(next(rounds)) / 1000
            return [took] * len(durations), results, 0.0

        latency.timed_calls = timed_calls
        return super().prepare(subject, build)

    def milliseconds(self, number: int) -> float:
        raise NotImplementedError


class SteadyReference(Clocked):
    """The reference: a millisecond a call, and two in later workers."""

    def milliseconds(self, number: int) -> float:
        return 1.0 if self.is_first else 2.0


class Noisy(Clocked):
    """No two rounds agree."""

    name = "faulty"

    def milliseconds(self, number: int) -> float:
        return 1000 ** (number * 0.618 % 1)


class NoisyAtFirst(Noisy):
    """The same in the first worker alone; later four milliseconds a call."""

    def milliseconds(self, number: int) -> float:
        return super().milliseconds(number) if self.is_first else 4.0


class SecondNoisyAtFirst(NoisyAtFirst):
    """Noisy in the first worker alone, under another name."""

    name = "second"


class NoisyThenHangs(Noisy):
    """The same in the first worker; those that come after it are never ready."""

    def prepare(self, subject: Subject, build: Path | None) -> Runnable:
        runnable = super().prepare(subject, build)
        time.sleep(0 if self.is_first else 3600)
        return runnable


class Segfaults(Faulty):
    """Dies of a signal."""

    def spoil(self, honest: Any, batch: Mapping[str, Any]) -> Any:
        os.kill(os.getpid(), signal.SIGSEGV)


class Killed(Faulty):
    """Is killed from outside."""

    def spoil(self, honest: Any, batch: Mapping[str, Any]) -> Any:
        os.kill(os.getpid(), signal.SIGKILL)


class Hangs(Faulty):
    """Never returns."""

    def spoil(self, honest: Any, batch: Mapping[str, Any]) -> Any:
        time.sleep(3600)


class OutOfMemory(Faulty):
    """Asks for more memory than there is."""

    def spoil(self, honest: Any, batch: Mapping[str, Any]) -> Any:
        import torch

        return torch.empty(2**60)


class Raises(Faulty):
    """Raises."""

    def spoil(self, honest: Any, batch: Mapping[str, Any]) -> Any:
        raise ZeroDivisionError("planted")


class Greedy(Faulty):
    """Asks for more memory than the machine has, and touches none of it."""

    def spoil(self, honest: Any, batch: Mapping[str, Any]) -> Any:
        import mmap

        import psutil

        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _WITHOUT_RESERVE
        mmap.mmap(-1, 2 * psutil.virtual_memory().total, flags)
        return honest(**batch)
