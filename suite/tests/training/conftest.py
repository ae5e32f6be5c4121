"""Training cells of the shipped capability, opened in this process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from suite.backends import references
from suite.subjects import resolve
from suite.task.discovery import load_tasks, tasks_root
from suite.worker.cell_worker import CellWorker
from suite.worker.messages import Request, Spec

FEW = 30
OpenTraining = Callable[..., CellWorker]


@pytest.fixture
def open_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OpenTraining:
    """Tunes the shipped miniature by a method and opens it, with a cache of the test's own.

    A few steps do where it is no matter what is learnt.
    """
    monkeypatch.setenv("TOUCHSTONE_CACHE", str(tmp_path / "cache"))

    def opened(backend: str = "eager", capability: str = "lora", steps: int | None = FEW, **changes: Any) -> CellWorker:
        (checkpoint,) = load_tasks(tasks_root())[capability].checkpoints
        spec = Spec(
            cell=f"{capability}/{checkpoint.name}/{backend}", capability=capability, tasks=tasks_root(),
            source=resolve(checkpoint, "miniature", tasks_root()), backend=references()[backend], device="cpu",
            threads=1, batch_size=1, seed=0, samples=None, hub_data=False, train_steps=steps,
        )  # fmt: skip
        worker = CellWorker(spec)
        for name, value in changes.items():
            setattr(worker.task, name, value)
        built = worker.answer(Request("build"))
        worker.answer(Request("open", {"build": built.name}))
        return worker

    return opened
