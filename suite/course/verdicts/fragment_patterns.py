"""The table of what makes a fragment, `fragment_patterns.toml`: placeholders, and the names of the reader's modules."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("fragment_patterns.toml")
LONGEST = 200
"""Characters of a text that may be a placeholder."""


@dataclass(frozen=True)
class FragmentPattern:
    """A row of the table; the table's head describes its fields."""

    id: str
    pattern: re.Pattern[str]
    example: str


@cache
def fragment_patterns() -> dict[str, tuple[FragmentPattern, ...]]:
    """The rows of the table by their group: placeholder, placeholder_name, own_module."""
    with TABLE.open("rb") as file:
        groups = tomllib.load(file).items()
    return {
        group: tuple(
            FragmentPattern(row["id"], re.compile(row["pattern"], re.IGNORECASE), row["example"]) for row in rows
        )
        for group, rows in groups
    }


def placeholder(text: str) -> str:
    """The id of the row by which a text of the code stands for something of the reader's own; empty where none does."""
    if len(text) >= LONGEST:
        return ""
    return next((row.id for row in fragment_patterns()["placeholder"] if row.pattern.search(text)), "")


def placeholder_name(name: str) -> str:
    """The id of the row by which a whole name, as of a task, is a word for what a reader is to name; else empty."""
    rows = fragment_patterns()["placeholder_name"]
    return next((row.id for row in rows if row.pattern.fullmatch(name[:LONGEST])), "")


def own_module(name: str) -> str:
    """The id of the row by which a module is a file of the course's or the reader's own; empty where none is."""
    rows = fragment_patterns()["own_module"]
    return next((row.id for row in rows if row.pattern.fullmatch(name[:LONGEST])), "")
