"""The card of a miniature, `card.json`: which of the files beside it are not those that it was written for."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath
from typing import Any

from suite.core.errors import CheckpointError
from suite.core.files import sha256

CARD = "card.json"
HASHES = "sha256"
"""The key of the card that holds the SHA-256 of each file, by its path in the folder."""


def changed_files(directory: Path) -> list[str]:
    """The files of the card that are missing or have another content, in its order; none where there is no card.

    Raises:
        CheckpointError: the card cannot be read.
    """
    card = directory / CARD
    if not card.is_file():
        return []
    return [name for name, digest in _hashes(card).items() if _differs(directory / name, digest)]


def _hashes(card: Path) -> dict[str, Any]:
    try:
        content = json.loads(card.read_text(encoding="utf-8"))
    except (ValueError, RecursionError, OSError):
        raise CheckpointError(f"{card} is not valid JSON: restore it from the release.") from None
    hashes = content.get(HASHES, {}) if isinstance(content, dict) else None
    if not isinstance(hashes, dict) or not all(_is_inside(name) for name in hashes):
        raise CheckpointError(f"{card} lists its files in a way that cannot be read: restore it from the release.")
    return hashes


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts


def _differs(file: Path, digest: Any) -> bool:
    return not is_file(file) or sha256(file) != digest


def is_file(path: Path) -> bool:
    """Whether a file is there; none is under a name that no file can have."""
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name of thousands of characters, or with a null byte
        return False
