"""What is executed: one checkpoint with its weights, loaded the same way for every backend."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Subject:
    """A resolved checkpoint inside a worker.

    Backends see this and never the task: what they may need to know of a task (which Auto class, whether
    it generates, of which parts it is made, an example batch) is said here.

    `directory` holds config.json and the processor, and the safetensors unless the weights are random.
    `fingerprint` is a hash of everything that determines the weights; `example` makes a padded batch of at
    least two inputs; `load_model` gives a fresh model in eval mode, float32, on the CPU; `infer` answers a batch with a
    runnable, as the task does.
    """

    directory: Path
    auto_class: str
    config: Any
    processor: Any
    generation: dict[str, Any] | None
    fingerprint: str
    device: str
    threads: int
    example: Callable[[], dict[str, Any]]
    load_model: Callable[[], Any]
    infer: Callable[[Any, dict[str, Any]], Any]
    parts: tuple[str, ...] = ()
    vocabulary: int | None = None
    """How many token ids the model knows, where that is known."""
    segments: int | None = None
    """How many ids of the parts of a pair the model knows, where that is known."""
    notes: dict[str, Any] = field(default_factory=dict)
    """What the checkpoint declares about its use, and whether it is obeyed."""

    @property
    def generative(self) -> bool:
        """Whether the task calls `generate()`."""
        return self.generation is not None
