"""Reads what a checkpoint's files say about it, without loading anything: bounded, since they are a stranger's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from suite.core.errors import CheckpointError
from suite.core.printable import shortened
from suite.subjects.architectures import auto_classes, classes_of_types
from suite.subjects.integrity import read_config, read_object
from suite.task.declared import Declared

TOKENIZER_CONFIG = "tokenizer_config.json"


def read_declared(directory: Path) -> Declared:
    """What the files in a folder say.

    Raises:
        CheckpointError: the config is no JSON object, or names no architecture.
    """
    return declared_by(
        read_config(directory),
        where=str(directory),
        files=frozenset(file.name for file in directory.iterdir()),
        tokenizer=optional_object(directory / TOKENIZER_CONFIG),
    )


def declared_by(
    config: Mapping[str, Any],
    where: str,
    files: frozenset[str] | None = None,
    tokenizer: Mapping[str, Any] | None = None,
) -> Declared:
    """What a config says; of `files` and the tokenizer's own config nothing need be known yet.

    Raises:
        CheckpointError: the config names no architecture.
    """
    architecture = _architecture(config, where)
    model_type = config.get("model_type")
    return Declared(
        architecture=architecture,
        config=config,
        auto_classes=auto_classes().get(architecture, frozenset()),
        related_classes=classes_of_types().get(model_type if isinstance(model_type, str) else "", frozenset()),
        files=files,
        tokenizer=tokenizer or {},
    )


def optional_object(file: Path) -> Mapping[str, Any]:
    """The object in a file that need not be there; what is wrong with it is said by whoever loads it."""
    try:
        return read_object(file) if file.is_file() else {}
    except CheckpointError:
        return {}


def _architecture(config: Mapping[str, Any], where: str) -> str:
    architectures = config.get("architectures")
    if not isinstance(architectures, list) or not architectures:
        raise CheckpointError(
            f"The config.json of {where} does not say which architecture it belongs to: save the model with "
            'save_pretrained(), or add "architectures": ["..."] to it.'
        )
    if not isinstance(architectures[0], str):
        raise CheckpointError(f"The architecture in the config.json of {where} is not a text: save the model again.")
    return shortened(architectures[0])
