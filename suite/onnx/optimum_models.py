"""Exporting and running through optimum, for transformers 4."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from suite.subject import Subject


def export(subject: Subject, directory: Path) -> None:
    """Write the graphs of a subject, and how it generates, into `directory`."""
    raise NotImplementedError


def open_model(subject: Subject, directory: Path) -> Any:
    """The exported model, ready to run on the subject's device."""
    raise NotImplementedError
