"""Keeps the tuned checkpoints of a user's own beside a run's record."""

from __future__ import annotations

import hashlib
import re
import shutil
from pathlib import Path

from suite.core.errors import Unwritable

FOLDER = "tuned"
PARTS = ("model", "adapter")
"""Of a build: the checkpoint itself, and an adapter, which is kept in a folder of its own beside it."""
LONGEST_NAME = 100
"""Characters of a cell's id in the name of a folder: file systems take 255 bytes."""


def keep(run: Path, cell: str, build: Path, card: str) -> None:
    """Copy what a training made into the folder of a run, in one named after its cell, with its card.

    Raises:
        Unwritable: the disk takes no more.
    """
    place = run / FOLDER / folder_name(cell)
    try:
        for part in PARTS:
            if (build / part).is_dir():
                shutil.copytree(build / part, place if part == PARTS[0] else place / part, dirs_exist_ok=True)
        (place / "README.md").write_text(card, encoding="utf-8")
    except OSError as error:
        raise Unwritable(
            f"Cannot write to {place} ({error.strerror}). What was measured before is kept: make room, then continue "
            f"with --resume {run.name}."
        ) from error


def folder_name(cell: str) -> str:
    """A cell's id as the name of a folder: a checkpoint may be called anything, at any length."""
    name = re.sub(r"[^\w.-]+", "-", cell, flags=re.ASCII)
    return (
        name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}-{hashlib.sha256(cell.encode()).hexdigest()[:8]}"
    )
