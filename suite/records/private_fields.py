"""What is removed from each field of a row before it is written: secrets, and from free text the host's name too.

A row is never scrubbed as one text: a host called `eager` is no reason to break the name of a cell.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from suite.core.printable import printable, printable_name
from suite.core.privacy import scrub, scrub_name

_Scrubber = Callable[[str], str]


def _as_it_is(text: str) -> str:
    return text


def _name(text: str) -> str:
    return printable_name(scrub_name(text))


def _names(text: str) -> str:
    return " ".join(map(_name, text.split(" ")))


def _group(text: str) -> str:
    capability, slash, checkpoint = text.partition("/")
    return capability + slash + _name(checkpoint)


def _cell(text: str) -> str:
    group, slash, backend = text.rpartition("/")
    return _group(group) + slash + backend


def _free_text(text: str) -> str:
    return printable(scrub(text))


_OURS = (
    "run", "capability", "modality", "weights", "backend", "device", "dtype", "check", "status", "verdict", "kind",
    "conformance", "fidelity", "accuracy_check", "latency", "metrics", "picture", "sound", "removed_in",
)  # fmt: skip
"""Their words are the suite's own, or those of installed packages."""
_FROM_OUTSIDE = (
    "checkpoint", "checkpoint_id", "revision", "architecture", "sample", "example", "document", "removed_name",
)  # fmt: skip
_SCRUBBERS: dict[str, _Scrubber] = {
    **dict.fromkeys(_OURS, printable),
    **dict.fromkeys(_FROM_OUTSIDE, _name),
    "checkpoints": _names,
    "cell": _cell,
    "block": _group,
}
"""By field; any other holds free text."""
_CONDITIONS: dict[str, _Scrubber] = {
    "cells": _cell, "checkpoints": _name, "fingerprints": _group, "courses": _name, "without_examples": _name,
    "unread": _free_text, "warnings": _free_text,
}  # fmt: skip
"""By field of `run.json`; the others are settings and versions, by which runs are compared."""


def scrub_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the record, each value scrubbed as what its field holds."""
    return {field: scrub_field(field, value) for field, value in row.items()}


def scrub_field(field: str, value: Any) -> Any:
    """The value of a field, and every text within it, scrubbed as what the field holds."""
    return _each_text(value, _SCRUBBERS.get(field, _free_text))


def scrub_column(field: str, texts: Sequence[str]) -> list[str]:
    """The texts of one field of many rows. Equal names are scrubbed once: that of a checkpoint is in many cells."""
    if field == "cell":
        groups = {text.rpartition("/")[0] for text in texts}
        public = {group: _group(group) for group in groups}
        parts = (text.rpartition("/") for text in texts)
        return [public[group] + slash + backend for group, slash, backend in parts]
    public = {text: scrub_field(field, text) for text in set(texts)}
    return [public[text] for text in texts]


def scrub_conditions(conditions: Mapping[str, Any]) -> dict[str, Any]:
    """What goes into `run.json`: names and warnings scrubbed, the rest as it is."""
    return {key: _each_text(value, _CONDITIONS.get(key, _as_it_is)) for key, value in conditions.items()}


def _each_text(value: Any, scrubber: _Scrubber) -> Any:
    match value:
        case str():
            return scrubber(value)
        case Mapping():
            return {_each_text(key, scrubber): _each_text(inner, scrubber) for key, inner in value.items()}
        case list() | tuple():
            return [_each_text(inner, scrubber) for inner in value]
        case _:
            return value
