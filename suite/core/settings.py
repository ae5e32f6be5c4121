"""What the user asked for, checked and gathered into one value per product."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

WEIGHTS = ("miniature", "random", "hub")

GENERATION = ("plain", "own")

DEVICES = ("cpu", "cuda", "mps")

LATEST = "latest"

PRECISION = 0.05


@dataclass(frozen=True)
class Settings:
    """The options of one run. Times are in seconds; `threads` is per worker; `limit` of samples, None for all."""

    capabilities: tuple[str, ...]
    backends: tuple[str, ...]
    models: tuple[str, ...]
    weights: str
    samples: Path | None
    device: str
    threads: int
    batch_size: int
    budget: float
    cell_timeout: float
    results: Path
    resume: str | None
    strict: bool
    isolate: bool
    tasks: Path
    seed: int = 0
    limit: int | None = None
    train_samples: Path | None = None
    """The user's own samples that a training learns from."""
    train_steps: int | None = None
    """Steps of a training; the task's own number, where it is None."""
    base: str | None = None
    """The model that an adapter, given as a model, stands on: a folder or a Hub id."""
    generation: str = "plain"
    """"plain", or "own" where the checkpoints' generation settings are obeyed."""
    precision: float = PRECISION
    """A cell is timed no longer once the uncertainty of its median is this share of it or less."""
    further_tasks: tuple[Path, ...] = ()
    """Tasks folders that installed packages and the hook `pytest_touchstone_tasks` bring."""

    @property
    def task_folders(self) -> tuple[Path, ...]:
        """Every tasks folder of the run, that of `--tasks` first."""
        return (self.tasks, *self.further_tasks)


@dataclass(frozen=True)
class CourseSettings:
    """The options of a run of courses; seconds and bytes."""

    courses: tuple[Path, ...]
    results: Path
    example_timeout: float
    example_memory: int
    unsafe: bool
