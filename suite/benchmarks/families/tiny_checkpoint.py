"""A folder as a user would have it: a tiny model of an architecture with random weights, and a processor that fits."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from suite.benchmarks.families.shrinking import tiny_configs
from suite.subjects.random_weights import NOT_THE_PROCESSORS, WEIGHT_SUFFIXES
from suite.task import Task
from suite.task.discovery import folder_of

MOST_PARAMETERS = 120_000_000
SIDE = 64
"""Pixels of a picture."""
SPREAD = 0.2
"""Of the weights where the config says how far they are spread: outputs of smaller ones are all but tied."""


class CannotBeTiny(Exception):  # noqa: N818 - it says why there is nothing to try
    """The architecture cannot be made small by what configurations have in common; the message says why."""


def write_checkpoints(folder: Path, architecture: str, model_type: str, task: Task) -> Iterator[Path]:
    """Write a tiny checkpoint of the architecture, then the next larger way of making it, and so on.

    Raises:
        CannotBeTiny: there is none.
    """
    import transformers

    cls = getattr(transformers, architecture, None)
    config_class = transformers.CONFIG_MAPPING[model_type]
    if cls is None or hasattr(cls, "_backends"):  # a stand-in for a class whose library is not installed
        raise CannotBeTiny(f"transformers has no {architecture} here")
    if getattr(cls, "config_class", None) is not None:
        config_class = cls.config_class
    shipped = _processor_folder(task)
    given = {**_given(task, shipped), "initializer_range": SPREAD, "init_std": SPREAD}
    problem, made = "", False
    try:
        for place, config in enumerate(tiny_configs(config_class, **given)):
            directory = folder / f"{architecture}-{place}"
            try:
                _write_model(cls, config, directory)
                _write_processor(directory, shipped, config, task)
            except Exception as error:  # whatever its code raises for sizes that it was never tried with
                shutil.rmtree(directory, ignore_errors=True)
                problem = problem or _said(error)
                continue
            made = True
            yield directory
    except Exception as error:
        raise CannotBeTiny(_said(error)) from error
    if not made:
        raise CannotBeTiny(problem)


def _said(error: Exception) -> str:
    """What was wrong, in one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]


def _write_model(cls: Any, config: Any, directory: Path) -> None:
    import torch

    with torch.device("meta"):
        parameters = sum(weight.numel() for weight in cls(config).parameters())
    if parameters > MOST_PARAMETERS:
        raise CannotBeTiny(f"{parameters / 1e6:.0f} million parameters are left with every known size made small")
    torch.manual_seed(0)
    model = cls(config).float().eval()
    model.save_pretrained(directory)


def _processor_folder(task: Task) -> Path:
    """The folder of a shipped processor of the task's: words and labels come from there."""
    names = [checkpoint.miniature or checkpoint.processor for checkpoint in task.checkpoints]
    return folder_of(task) / "miniatures" / "shipped" / str(next(filter(None, names)))


def labels_of(task: Task) -> dict[str, Any]:
    """The labels that a config gets for a task, as a config has them; none where the task has no use for any."""
    content = json.loads((_processor_folder(task) / "config.json").read_text(encoding="utf-8"))
    if not content.get("id2label"):
        return {}
    names = {int(index): label for index, label in content["id2label"].items()}
    return {"id2label": names, "label2id": {label: index for index, label in names.items()}}


def _given(task: Task, shipped: Path) -> dict[str, Any]:
    """What a config must share with the processor: the size of the vocabulary, its special tokens, the labels."""
    given = labels_of(task)
    tokenizer = _tokenizer(shipped)
    if tokenizer is not None:
        end = tokenizer.eos_token_id if tokenizer.eos_token_id is not None else tokenizer.sep_token_id
        pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else end
        start = tokenizer.bos_token_id if tokenizer.bos_token_id is not None else pad
        given |= {"vocab_size": len(tokenizer), "pad_token_id": pad, "eos_token_id": end, "bos_token_id": start}
        given |= {"decoder_start_token_id": start}
    return given


def _tokenizer(shipped: Path) -> Any:
    import transformers

    if not (shipped / "tokenizer.json").is_file():
        return None
    return transformers.PreTrainedTokenizerFast.from_pretrained(shipped)


def _write_processor(directory: Path, shipped: Path, config: Any, task: Task) -> None:
    """The family's own picture or sound processor where it has one, with the task's words; else the shipped one."""
    from transformers.models.auto.image_processing_auto import IMAGE_PROCESSOR_MAPPING

    if task.modality in ("vision", "multimodal") and type(config) in IMAGE_PROCESSOR_MAPPING:
        found = IMAGE_PROCESSOR_MAPPING[type(config)]
        classes = found.values() if isinstance(found, dict) else found
        cls = next((one for one in classes if one is not None), None)
        if cls is not None:
            _small_pictures(cls(), config).save_pretrained(directory)
    for file in shipped.iterdir():
        is_processors = file.name not in NOT_THE_PROCESSORS and file.suffix not in WEIGHT_SUFFIXES
        if file.is_file() and is_processors and not (directory / file.name).exists():
            shutil.copyfile(file, directory / file.name)


def _small_pictures(processor: Any, config: Any) -> Any:
    """The processor with the model's side of pictures in place of its own."""
    side = getattr(config, "image_size", None) or getattr(getattr(config, "vision_config", None), "image_size", None)
    side = side[0] if isinstance(side, list | tuple) else side
    side = side if isinstance(side, int) else SIDE
    for name in ("size", "crop_size", "pad_size"):
        value = getattr(processor, name, None)
        if value is not None and hasattr(value, "items"):
            setattr(processor, name, {key: side for key, number in dict(value).items() if number})
    return processor
