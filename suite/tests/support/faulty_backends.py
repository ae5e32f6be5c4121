"""Backends with a planted fault each. The suite must see through every one of them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from suite.backends.eager import Eager
from suite.core.runnable import Runnable
from suite.core.subject import Subject

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


class Noisy(Faulty):
    """Slows down sixtyfold within 0.7 seconds, then begins anew: no two rounds of a twentieth of a second agree."""

    def spoil(self, honest: Any, batch: Mapping[str, Any]) -> Any:
        now = time.perf_counter()
        stop = now + 0.0005 * 60 ** (now % 0.7 / 0.7)
        while time.perf_counter() < stop:
            pass
        return honest(**batch)


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
