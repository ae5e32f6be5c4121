"""A training cell in its worker: its checkpoint tuned once and kept, and tuned again by what examines the training."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from suite.core.ownership import TemporaryFolder
from suite.core.runnable import Runnable
from suite.core.subject import Subject
from suite.core.work import Method
from suite.task import Sample
from suite.task.miniatures import forget_places
from suite.task.training import TrainingTask
from suite.training.adapters import is_adapted, moved, trained_share
from suite.training.lessons import Lessons
from suite.training.tuning import Trained, Tuning

MODEL, ADAPTER, FACTS = "model", "adapter", "facts.json"
"""In a build: the tuned checkpoint, whole; the adapter by itself, where there is one; and what is known of both."""
LIBRARIES = ("torch", "transformers", "accelerate", "peft")
TOLD_EVERY, TOLD_SHARE = 10.0, 0.05
"""Word of how far a training is comes after so many seconds, and after such a share of it."""


@dataclasses.dataclass(frozen=True)
class Facts:
    """What a training leaves beside its checkpoint. `moved` names weights of an adapter's base that changed."""

    losses: list[float]
    trained_share: float
    moved: list[str]
    seconds: float


class CellTraining:
    """One checkpoint, one method, one set of lessons."""

    def __init__(
        self, task: TrainingTask, subject: Subject, method: Method, samples: Sequence[Sample], *, seed: int, steps: int,
        tell: Callable[[str], None] = print,
    ) -> None:  # fmt: skip
        self.task, self.subject, self.method = task, subject, method
        self.inputs = frozenset(str(sample.input).strip() for sample in samples)
        rows = task.lesson(subject.processor, samples, subject.config)
        schedule = dataclasses.replace(task.schedule, steps=steps)
        self.lessons = Lessons(rows, self._collate, schedule, seed)
        self._tell = tell
        self._scratch: TemporaryFolder | None = None

    def _collate(self, rows: Sequence[Any]) -> dict[str, Any]:
        return self.task.collate(self.subject.processor, rows)

    def tuning(self, lessons: Lessons | None = None) -> Tuning:
        """This cell's way to train, on its own lessons or on others."""
        return Tuning(self.subject.load_model, lessons or self.lessons, self.method, self.subject.device)

    def key(self) -> dict[str, Any]:
        """All that determines the tuned checkpoint, but for the order in which threads add numbers up."""
        return {
            "backend": f"training {self.method}",
            "weights": self.subject.fingerprint,
            "auto_class": self.subject.auto_class,
            "method": dataclasses.asdict(self.method),
            "lessons": self.lessons.digest,
            "device": self.subject.device,
            "libraries": {name: _version(name) for name in LIBRARIES},
        }

    def build(self, directory: Path) -> None:
        """Train to the end of the schedule, and save the checkpoint and what is known of it."""
        started = time.perf_counter()
        with TemporaryFolder() as work:
            tuning = self.tuning()
            trained = tuning.train(work, tell=self._teller(self.lessons))
        model = trained.model
        facts = Facts(
            trained.losses,
            trained_share(model),
            moved(tuning.load_untuned(), model) if is_adapted(model) else [],
            time.perf_counter() - started,
        )
        if is_adapted(model):
            for config in model.peft_config.values():
                config.base_model_name_or_path = ""  # a path of this machine
            model.save_pretrained(directory / ADAPTER)
            model = model.merge_and_unload()
        model.save_pretrained(directory / MODEL)
        self.subject.processor.save_pretrained(directory / MODEL)
        forget_places(directory / MODEL)
        (directory / FACTS).write_text(json.dumps(dataclasses.asdict(facts)), encoding="utf-8")

    def prepare(self, build: Path) -> Runnable:
        """The tuned checkpoint as it was saved."""
        import torch
        import transformers

        loader = getattr(transformers, self.subject.auto_class)
        model = loader.from_pretrained(build / MODEL, local_files_only=True, dtype=torch.float32).eval()
        facts = read_facts(build)
        notes = {"trained_share": round(facts.trained_share, 6)} if self.method.rank else {}
        size = sum(weight.numel() * weight.element_size() for weight in model.parameters())
        return Runnable(model.to(self.subject.device), self.subject.device, size, notes)

    def train(self, lessons: Lessons, **options: Any) -> Trained:
        """Train a copy by this cell's method on other lessons, and keep nothing of it but what is returned."""
        with TemporaryFolder() as work:
            return self.tuning(lessons).train(work, tell=self._teller(lessons), **options)

    def _teller(self, lessons: Lessons) -> Callable[[int, float], None]:
        """Says at times how far a long training is, what its loss is and how long it will take."""
        steps, started = lessons.schedule.steps, time.monotonic()
        told_at, told_step = started, 0

        def tell(step: int, loss: float) -> None:
            nonlocal told_at, told_step
            now = time.monotonic()
            if now - told_at < TOLD_EVERY or step - told_step < TOLD_SHARE * steps:
                return
            told_at, told_step = now, step
            left = (now - started) / step * (steps - step)
            self._tell(f"step {step:,} of {steps:,}, loss {loss:.4g}, {left:.0f} s left")

        return tell

    def step(self) -> tuple[Callable[[], Any], int]:
        """One step of the training loop to be timed, and the length in tokens of its batch."""
        self._scratch = TemporaryFolder()
        tuning = self.tuning()
        return tuning.step(self._scratch.path), int(tuning.timed_batch()["input_ids"].shape[1])


def read_facts(build: Path) -> Facts:
    """What a training left beside its checkpoint."""
    return Facts(**json.loads((build / FACTS).read_text(encoding="utf-8")))


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "absent"
