"""A folder as a user would have it: a tiny model of an architecture with random weights, and a processor that fits."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from suite.benchmarks.families.shrinking import SPREADS, tiny_configs
from suite.core.errors import CheckpointError
from suite.subjects.processor_files import check_vocabulary
from suite.subjects.random_weights import NOT_THE_PROCESSORS, WEIGHT_SUFFIXES
from suite.task import Task
from suite.task.discovery import folder_of

MOST_PARAMETERS = 120_000_000
SIDE = 64
"""Pixels of a picture."""
SIDES = ("height", "width", "shortest_edge", "longest_edge")
ROBERTAS = "RobertaTokenizer"
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
    given = {**_given(task, shipped), **dict.fromkeys(SPREADS, SPREAD)}
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
    if given:
        given["num_labels"] = len(given["id2label"])
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
    from transformers.models.auto.processing_auto import PROCESSOR_MAPPING_NAMES  # type: ignore[attr-defined]
    from transformers.models.auto.tokenization_auto import TOKENIZER_MAPPING_NAMES

    if task.modality in ("vision", "multimodal") and type(config) in IMAGE_PROCESSOR_MAPPING:
        found = IMAGE_PROCESSOR_MAPPING[type(config)]
        classes = found.values() if isinstance(found, dict) else found
        cls = next((one for one in classes if one is not None), None)
        if cls is not None:
            processor = _small_pictures(cls(), config)
            _try(processor)
            processor.save_pretrained(directory)
    for file in shipped.iterdir():
        is_processors = file.name not in NOT_THE_PROCESSORS and file.suffix not in WEIGHT_SUFFIXES
        if file.is_file() and is_processors and not (directory / file.name).exists():
            shutil.copyfile(file, directory / file.name)
    if (directory / "preprocessor_config.json").is_file():
        _without_parts_of_another(directory / "processor_config.json")
    if task.modality == "audio" and config.model_type not in PROCESSOR_MAPPING_NAMES:
        _with_its_class(directory / "preprocessor_config.json", shipped)
    if TOKENIZER_MAPPING_NAMES.get(config.model_type) == ROBERTAS:
        _with_robertas_separators(directory)
    _load(task.processor_class, directory)


def borrowed_processor(directory: Path) -> str | None:
    """What the family of a folder's model reads its inputs with, where the folder's processor is another family's."""
    from transformers import AutoProcessor
    from transformers.models.auto.feature_extraction_auto import (  # type: ignore[attr-defined]
        FEATURE_EXTRACTOR_MAPPING_NAMES,
    )
    from transformers.models.auto.processing_auto import PROCESSOR_MAPPING_NAMES  # type: ignore[attr-defined]

    family = json.loads((directory / "config.json").read_text(encoding="utf-8"))["model_type"]
    processor = AutoProcessor.from_pretrained(directory)
    heard = getattr(processor, "feature_extractor", None)
    named = ((PROCESSOR_MAPPING_NAMES, processor), (FEATURE_EXTRACTOR_MAPPING_NAMES, heard))
    for names, part in named:
        own = names.get(family)
        if part is not None and own and own != type(part).__name__:
            return str(own)
    return None


def _with_its_class(file: Path, shipped: Path) -> None:
    """Say which processor reads sound and words: the library knows it of the families alone that had theirs first."""
    from transformers import AutoProcessor

    if file.is_file():
        content = json.loads(file.read_text(encoding="utf-8"))
        content.setdefault("processor_class", type(AutoProcessor.from_pretrained(shipped)).__name__)
        file.write_text(json.dumps(content), encoding="utf-8")


def _with_robertas_separators(directory: Path) -> None:
    """Let a tokenizer put two separators between the texts of a pair, by whose number some models find the second."""
    from tokenizers.processors import RobertaProcessing

    tokenizer = _tokenizer(directory)
    if tokenizer is not None and tokenizer.cls_token and tokenizer.sep_token:
        sep, cls = (
            (token, tokenizer.convert_tokens_to_ids(token)) for token in (tokenizer.sep_token, tokenizer.cls_token)
        )
        tokenizer.backend_tokenizer.post_processor = RobertaProcessing(sep, cls)
        tokenizer.save_pretrained(directory)


def _without_parts_of_another(file: Path) -> None:
    """Let the family's own processor of pictures count, rather than the shipped one's, which comes first."""
    if file.is_file():
        content = json.loads(file.read_text(encoding="utf-8"))
        content.pop("image_processor", None)
        file.write_text(json.dumps(content), encoding="utf-8")


def _load(processor_class: str, directory: Path) -> None:
    import transformers

    try:
        check_vocabulary(directory, getattr(transformers, processor_class).from_pretrained(directory))
    except CheckpointError as error:
        raise CannotBeTiny("its tokenizer reads files of another kind than the shipped ones") from error
    except Exception as error:
        raise CannotBeTiny(f"its processor cannot be made of the files of another: {_said(error)}") from error


def _try(processor: Any) -> None:
    """Some want what no default says: the colours that a picture is made of, say."""
    from PIL import Image

    try:
        processor(images=[Image.new("RGB", (SIDE, SIDE), "gray")], return_tensors="pt")
    except Exception as error:
        raise CannotBeTiny(
            f"its processor of pictures cannot be made of nothing but defaults: {_said(error)}"
        ) from error


def _small_pictures(processor: Any, config: Any) -> Any:
    """The processor with the model's side of pictures in place of its own."""
    parts = (config, getattr(config, "vision_config", None), getattr(config, "backbone_config", None))
    side = next(filter(None, (getattr(part, "image_size", None) for part in parts)), None)
    side = side[0] if isinstance(side, list | tuple) else side
    side = side if isinstance(side, int) else SIDE
    for name in ("size", "crop_size", "pad_size"):
        value: Any = getattr(processor, name, None)
        sides = [key for key in SIDES if (value.get(key) if isinstance(value, dict) else getattr(value, key, None))]
        if sides:
            setattr(processor, name, type(value)(**dict.fromkeys(sides, side)))
    return processor
