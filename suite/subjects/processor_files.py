"""The files of a checkpoint's tokenizer and preprocessor: without them transformers makes up one that knows nothing.

A tokenizer class without its vocabulary is given a default one of a few words, and every text becomes unknown words:
the model runs, and what it says means nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from suite.core.errors import CheckpointError

TOKENIZER = (
    "tokenizer.json", "tokenizer_config.json", "*vocab*", "*.model", "*.spm", "*.tiktoken", "tekken.json", "*.codes",
)  # fmt: skip
"""Files of which a tokenizer has at least one."""
PREPROCESSOR = ("preprocessor_config.json", "processor_config.json", "*_preprocessor_config.json")
CONVERTED = ("*.model", "*.spm", "*.tiktoken", "tekken.json")
"""Vocabularies that are converted when they are loaded, whatever the class calls its own."""
BESIDE = ("config", "merges", "normalizer", "added_tokens", "special_tokens")
"""Of the files that a tokenizer class names, those that hold no vocabulary, by what their keys contain."""
IN_CONFIG = ("timm_wrapper",)
"""Model types whose config.json says how pictures are prepared."""


def check_processor_files(directory: Path, processor_class: str, model_type: Any) -> None:
    """Refuse a folder without the files of what a task loads from it. Nothing is imported.

    Raises:
        CheckpointError: there are none.
    """
    if processor_class == "AutoTokenizer":
        if not _has(directory, TOKENIZER):
            raise CheckpointError(_refusal(directory, "tokenizer", "tokenizer.json or a vocabulary"))
    elif model_type not in IN_CONFIG and not _has(directory, PREPROCESSOR):
        raise CheckpointError(_refusal(directory, "preprocessor", "preprocessor_config.json"))


def check_vocabulary(directory: Path, processor: Any) -> None:
    """Refuse a tokenizer, or the one of a processor, whose vocabulary does not come from the folder.

    Some take no file, since they know bytes or characters: their classes name none.

    Raises:
        CheckpointError: transformers has made its vocabulary up.
    """
    tokenizer = getattr(processor, "tokenizer", processor)
    named = getattr(tokenizer, "vocab_files_names", None) or {}
    vocabularies = [name for key, name in named.items() if not any(word in key for word in BESIDE)]
    if vocabularies and not _has(directory, (*vocabularies, *CONVERTED)):
        raise CheckpointError(_refusal(directory, "tokenizer", " or ".join(sorted(vocabularies))))


def _has(directory: Path, patterns: tuple[str, ...]) -> bool:
    return any(file.is_file() for pattern in patterns for file in directory.glob(pattern))


def _refusal(directory: Path, what: str, files: str) -> str:
    return (
        f"{directory} has no files of a {what} ({files}), and one that is made up says nothing about this checkpoint: "
        f"copy them from where it was trained, or save the {what} there with save_pretrained()."
    )
