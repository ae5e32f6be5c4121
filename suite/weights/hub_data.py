"""The real evaluation data of a task, for `--weights hub`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from suite.errors import CheckpointError
from suite.task import HubDataset, Sample, Task
from suite.weights.hub import explained


def load_samples(task: Task) -> list[Sample]:
    """The first `limit` usable rows of the task's data set at its pinned revision: the same at every call.

    Raises:
        CheckpointError: the task has no data set, or it cannot be had.
    """
    if task.dataset is None:
        raise CheckpointError(f"{task.name} names no evaluation data on the Hub: bring your own with --samples.")
    samples: list[Sample] = []
    for index, row in enumerate(_rows(task.dataset)):
        sample = task.from_hub(row)
        if sample is not None:
            samples.append(replace(sample, id=f"{task.dataset.split}-{index}"))
        if len(samples) == task.dataset.limit:
            break
    if not samples:
        raise CheckpointError(
            f"No row of {task.dataset.id}, split {task.dataset.split}, is a sample of {task.name}: its from_hub does "
            "not fit this revision."
        )
    return samples


def _rows(dataset: HubDataset) -> Iterator[dict[str, Any]]:
    """The rows of the split, in order. No script of the data set's own is run: datasets 4 and later cannot."""
    import datasets

    options: dict[str, Any] = {}
    if dataset.files:
        options = {"data_files": {dataset.split: dataset.files}, "verification_mode": "no_checks"}

    def load() -> Any:
        name = None if dataset.files else dataset.name
        return datasets.load_dataset(dataset.id, name, split=dataset.split, revision=dataset.revision, **options)

    try:
        rows = explained(load, dataset.id, dataset.revision, kind="data set")
    except CheckpointError:
        raise
    except Exception as error:  # datasets raises whatever its parts raise
        raise CheckpointError(
            f"The split {dataset.split} of {dataset.id} at revision {dataset.revision} cannot be loaded "
            f"({type(error).__name__}): check the id, the name and the split in the task, or bring your own data with "
            "--samples."
        ) from error
    return iter(rows)
