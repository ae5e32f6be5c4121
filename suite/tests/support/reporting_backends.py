"""Honest backends that tell, or do, something beside their work."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from pathlib import Path
from typing import ClassVar

from suite.backends.base import Backend
from suite.backends.eager import Eager
from suite.core.errors import CheckpointError, Unsupported
from suite.core.runnable import Runnable
from suite.core.subject import Subject

LOADED = "PLANTED-LOAD"
CHATTER = "PLANTED-CHATTER"


class TellsLoads(Eager):
    """Notes every load in the log."""

    def prepare(self, subject: Subject, build: Path | None) -> Runnable:
        print(f"{LOADED} {self.name}", flush=True)
        return super().prepare(subject, build)


class SecondTellsLoads(TellsLoads):
    """The same, beside the reference."""

    name = "second"


class Chatty(Eager):
    """Says much, in every way that a library can."""

    name = "chatty"

    def prepare(self, subject: Subject, build: Path | None) -> Runnable:
        print(CHATTER, "printed", flush=True)
        print(CHATTER, "on standard error", file=sys.stderr, flush=True)
        os.write(1, f"{CHATTER} written by C\n".encode())
        warnings.warn(f"{CHATTER} as a warning", stacklevel=1)
        logging.getLogger("transformers").warning("%s logged", CHATTER)
        return super().prepare(subject, build)


class TwoThreads(Eager):
    """Multiplies matrices large enough for two threads, in the forked child."""

    name = "two-threads"

    def prepare(self, subject: Subject, build: Path | None) -> Runnable:
        import torch

        runnable = super().prepare(subject, build)
        product = torch.ones(600, 600) @ torch.ones(600, 600)
        runnable.notes = {
            "asked": torch.get_num_threads(),
            "there": len(list(Path("/proc/self/task").iterdir())),
            "product": float(product[0, 0]),
        }
        return runnable


class LeavesChildren(Eager):
    """Dies while a child of its own goes on, and holds whatever was open."""

    name = "leaves-children"

    def prepare(self, subject: Subject, build: Path | None) -> Runnable:
        import time

        if os.fork() == 0:
            time.sleep(100)
            os._exit(0)
        os._exit(3)


COMPUTES = 2.0


class Computes(Eager):
    """Takes so many seconds of processor time."""

    name = "computes"

    def prepare(self, subject: Subject, build: Path | None) -> Runnable:
        import time

        end = time.thread_time() + COMPUTES
        while time.thread_time() < end:
            pass
        return super().prepare(subject, build)


class Nowhere(Eager):
    """Cannot run here, and knows it beforehand."""

    name = "nowhere"

    def unsupported(self, device: str) -> str | None:
        return f"there is no such machine as {device}"


class FindsOut(Eager):
    """Cannot run this checkpoint, and finds out when it sees it."""

    name = "finds-out"

    def prepare(self, subject: Subject, build: Path | None) -> Runnable:
        raise Unsupported("this layer has no kernel")


class Refuses(Eager):
    """Meets a checkpoint that is no good."""

    name = "refuses"

    def prepare(self, subject: Subject, build: Path | None) -> Runnable:
        raise CheckpointError("the weights are no good")


class TellsSecrets(Eager):
    """Fails with everything that it knows of the user in its message."""

    name = "tells-secrets"

    def prepare(self, subject: Subject, build: Path | None) -> Runnable:
        message = f"token {os.environ['HF_TOKEN']} home {Path.home()} host {os.uname().nodename}"
        print(message, flush=True)
        raise RuntimeError(message)


class Repaired(Eager):
    """What a faulty backend is after its repair."""

    name = "faulty"


class OnlyLatency(Eager):
    """A second eager for which latency alone is asked."""

    name = "timed"
    checks: ClassVar[frozenset[str]] = frozenset({"latency"})


BACKENDS: dict[str, type[Backend]] = {
    backend.name: backend
    for backend in (
        SecondTellsLoads, Chatty, TwoThreads, LeavesChildren, Nowhere, FindsOut, Refuses, TellsSecrets, OnlyLatency,
        Repaired, Computes,
    )
}  # fmt: skip


def reference_to(name: str) -> str:
    """The registry's line for one of these."""
    return f"{__name__}:{BACKENDS[name].__name__}"
