"""What parent and worker say to each other over their pipe: all of it plain, picklable values."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from suite.subjects import Source
from suite.task.generation_settings import PLAIN

TOLD = "told"
"""The kind of a reply that is no answer yet."""


@dataclass(frozen=True)
class Spec:
    """Everything a worker needs to know: which cell it serves and under which conditions.

    `backend` is the registry's "module:Class".
    """

    cell: str
    capability: str
    tasks: Path
    source: Source
    backend: str
    device: str
    threads: int
    batch_size: int
    seed: int
    samples: Path | None
    hub_data: bool
    train_samples: Path | None = None
    """The user's own samples to learn from; the task's own where it is None."""
    train_steps: int | None = None
    shared: Path | None = None
    """A folder of the run's own, in which one worker leaves for the others what takes long to make."""
    limit: int | None = None
    """Samples that are scored; all, where it is None."""
    generation: str = PLAIN
    """Whether a checkpoint's own generation settings are switched off or obeyed."""


@dataclass(frozen=True)
class Request:
    """Ask the cell's worker for this: a check's request, or a method of `CellWorker`."""

    method: str
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Reply:
    """The answer to a request.

    `kind` is "ok", "unsupported", "failed", "oom" or "error"; `value` the result, or the sentence that says what was
    wrong. One of kind `TOLD` comes before the answer, and says how far it is.
    """

    kind: str
    value: Any


@dataclass(frozen=True)
class Opened:
    """What a worker reports once its model stands ready. Seconds, MB of 10**6 bytes."""

    load_s: float
    prepare_s: float
    size_mb: float
    notes: dict[str, Any]


@dataclass(frozen=True)
class Built:
    """A build by its name in the worker's cache, and how long making it took in this run (0 when it was there)."""

    name: str
    build_s: float
