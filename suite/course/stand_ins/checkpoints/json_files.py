"""Reads and writes the JSON files of checkpoints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def read_json(file: Path) -> Any:
    """The content of a JSON file."""
    return json.loads(file.read_text(encoding="utf-8"))


def write_json(file: Path, content: Any, *, indent: int | None = 2, ensure_ascii: bool = True) -> None:
    """Write a JSON file and, where it is missing, its folder. The options are those of `json.dumps`."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content, indent=indent, ensure_ascii=ensure_ascii) + "\n", encoding="utf-8")
