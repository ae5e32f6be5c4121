"""The real evaluation data of a task, for `--weights hub`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from suite.core.errors import CheckpointError
from suite.subjects.hub import explained
from suite.task import HubDataset, Sample, Task


def load_samples(task: Task) -> list[Sample]:
    """The first `limit` usable rows of the task's data set at its pinned revision: the same at every call.

    Raises:
        CheckpointError: the task has no data set, or it cannot be loaded.
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

    page = f"https://huggingface.co/datasets/{dataset.id}"
    try:
        rows = explained(lambda: _load(dataset), dataset.id, dataset.revision, kind="data set")
        return iter(_undecoded(rows, datasets.Audio(decode=False)))
    except CheckpointError:
        raise
    except datasets.exceptions.DatasetNotFoundError:
        raise CheckpointError(
            f"The Hub has no data set {dataset.id} at revision {dataset.revision}, or it is private or gated: see "
            f"{page}, and log in with `hf auth login` if you have access."
        ) from None
    except Exception as error:  # datasets raises whatever its parts raise
        raise CheckpointError(
            f"The split {dataset.split} of {dataset.id} at revision {dataset.revision} cannot be loaded "
            f"({type(error).__name__}): compare the task with {page}, or bring your own data with --samples."
        ) from error


def _undecoded(rows: Any, audio: Any) -> Any:
    """Sounds as the content of their files: datasets decodes them by torchcodec, which no task needs."""
    for name, feature in rows.features.items():
        if type(feature) is type(audio):
            rows = rows.cast_column(name, audio)
    return rows


def _load(dataset: HubDataset) -> Any:
    import datasets

    if not dataset.files:
        return datasets.load_dataset(dataset.id, dataset.name, split=dataset.split, revision=dataset.revision)
    # `data_files` of a Hub id is not found again in the cache when offline; files on the disk are.
    from huggingface_hub import snapshot_download

    folder = Path(
        snapshot_download(dataset.id, repo_type="dataset", revision=dataset.revision, allow_patterns=[dataset.files])
    )
    files = sorted(str(file) for file in folder.glob(dataset.files))
    if not files:
        raise FileNotFoundError(dataset.files)
    kind = "parquet" if files[0].endswith(".parquet") else "json"
    return datasets.load_dataset(kind, data_files={dataset.split: files}, split=dataset.split)
