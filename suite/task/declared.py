"""What a checkpoint says about itself in its files: by this alone tasks decide whether it is one for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

TEXT_HEADS = frozenset(
    "AutoModelFor" + head
    for head in (
        "CausalLM",
        "MaskedLM",
        "QuestionAnswering",
        "SequenceClassification",
        "TextEncoding",
        "TokenClassification",
    )
)
"""The Auto classes whose models read text alone."""


@dataclass(frozen=True)
class Declared:
    """A checkpoint's words about itself.

    `auto_classes` are those that take its architecture, `related_classes` those that take any architecture of its model
    type. The contents of its JSON files are as they stand there, and a stranger's: of any type. `files` are the names
    in its folder, or `None` where nothing but the config is at hand (a Hub id before it is fetched).
    """

    architecture: str
    config: Mapping[str, Any]
    auto_classes: frozenset[str] = frozenset()
    related_classes: frozenset[str] = frozenset()
    files: frozenset[str] | None = None
    tokenizer: Mapping[str, Any] = field(default_factory=dict)
    """The content of tokenizer_config.json."""

    @property
    def model_type(self) -> str:
        """The config's `model_type`, or an empty string."""
        value = self.config.get("model_type")
        return value if isinstance(value, str) else ""

    @property
    def is_encoder_decoder(self) -> bool:
        """Whether the config says that a decoder goes with the encoder."""
        return self.config.get("is_encoder_decoder") is True

    @property
    def reads_text_alone(self) -> bool:
        """Whether the architecture, or another one of its model type, takes text and nothing beside it."""
        return bool(TEXT_HEADS & (self.auto_classes | self.related_classes))

    @property
    def labels(self) -> dict[int, str]:
        """The class names by index; those of transformers where the config has none."""
        names = self.config.get("id2label")
        if isinstance(names, Mapping) and names and all(str(index).isdecimal() for index in names):
            return {int(index): str(name) for index, name in names.items()}
        count = self.config.get("num_labels")
        count = count if type(count) is int and 0 < count <= 100_000 else 2
        return {index: f"LABEL_{index}" for index in range(count)}

    @property
    def label_problem(self) -> str | None:
        """What keeps the class names from being those of a head's classes, which are numbered from 0; else `None`."""
        names = self.config.get("id2label")
        if names is None:
            return None
        if not isinstance(names, Mapping) or not names or not all(str(index).isdecimal() for index in names):
            return (
                "id2label in its config.json is no table of names by the numbers of their classes: write it as "
                '{"0": "...", "1": "..."}'
            )
        missing = sorted(set(range(len(names))) - {int(index) for index in names})
        if missing:
            return (
                f"id2label in its config.json names {len(names)} classes and has none for class {missing[0]}, though a "
                "head's classes are numbered from 0 without a gap: number the names as the head was trained"
            )
        return None

    @property
    def lone_config(self) -> Any:
        """The config with its labels, for what a task asks of any config."""
        plain = {key: value for key, value in self.config.items() if isinstance(key, str)}
        return SimpleNamespace(**{**plain, "id2label": self.labels})

    def has(self, *names: str) -> bool:
        """Whether one of these files is there; also where nobody can know yet."""
        return self.files is None or bool(self.files.intersection(names))
