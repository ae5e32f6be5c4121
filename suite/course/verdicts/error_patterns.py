"""The table of other libraries' errors, `error_patterns.toml`: its rows, and how one fits a failure."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from suite.course.verdicts.failure import Failure, one_line
from suite.course.verdicts.packages import is_installed
from suite.course.verdicts.verdict import Judgement, Verdict

TABLE = Path(__file__).with_name("error_patterns.toml")
LONGEST_VALUE = 300
"""Characters of a value in a sentence."""


@dataclass(frozen=True)
class ErrorPattern:
    """A row of the table; the table's head describes its fields."""

    id: str
    verdict: Verdict
    sentence: str
    example: Mapping[str, Any]
    exceptions: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    message: re.Pattern[str] | None = None
    code: re.Pattern[str] | None = None
    frame: str = ""
    notes: tuple[str, ...] = ()
    termination: re.Pattern[str] | None = None
    replacement: str = ""

    def __call__(self, failure: Failure) -> Judgement | None:
        """The row's judgement, or `None` where the row does not fit."""
        result = failure.result
        is_other_error = bool(self.exceptions) and not failure.is_a(*self.exceptions)
        if is_other_error or failure.is_a(*self.unless) or (self.frame and self.frame not in result.frames):
            return None
        values = {"message": failure.message, "file": failure.file}
        if self.notes:
            note = next((note for note in result.notes if note.kind in self.notes), None)
            if note is None:
                return None
            values["subject"] = note.subject
        texts = ((self.termination, result.termination), (self.message, failure.message), (self.code, failure.code))
        for pattern, text in texts:
            if pattern is not None:
                match = _first_match(pattern, text)
                if match is None:
                    return None
                values |= match.groupdict()
        values = {name: one_line(value, LONGEST_VALUE) for name, value in values.items()}
        sentence, replacement = self.sentence.format_map(values), self.replacement.format_map(values)
        return failure.judgement(self.verdict, sentence, self.id, replacement=replacement)


def _first_match(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """The first match that names no installed package."""
    return next((match for match in pattern.finditer(text) if not _names_installed_package(match)), None)


def _names_installed_package(match: re.Match[str]) -> bool:
    package = match.groupdict().get("package")
    return package is not None and is_installed(package)


@cache
def error_patterns() -> dict[str, tuple[ErrorPattern, ...]]:
    """The rows of the table by their group."""
    with TABLE.open("rb") as file:
        return {group: tuple(map(_row, rows)) for group, rows in tomllib.load(file).items()}


def _row(row: dict[str, Any]) -> ErrorPattern:
    fields: dict[str, Any] = row | {"verdict": Verdict(row["verdict"])}
    fields |= {name: tuple(row[name]) for name in ("exceptions", "unless", "notes") if name in row}
    fields |= {name: re.compile(row[name]) for name in ("message", "code", "termination") if name in row}
    return ErrorPattern(**fields)
