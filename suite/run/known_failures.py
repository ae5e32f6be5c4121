"""Failures that are known and explained: a data file beside the tasks, each line with its reason.

Columns: `cell` (a pattern such as `translation/*/bf16`), `check`, `when` (a requirement such as `transformers<5`, or
empty), `strict` and `reason`. As with pytest's xfail, a strict one that passes is an error; `no` is for what depends on
the processor.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from suite.checks import CHECKS
from suite.core.cell import Status
from suite.core.errors import UsageError
from suite.core.outcome import Outcome

FILE = "known_failures.csv"
COLUMNS = ["cell", "check", "when", "strict", "reason"]


@dataclass(frozen=True)
class KnownFailure:
    """One line of the file."""

    line: int
    cell: str
    check: str
    when: str
    strict: bool
    reason: str

    def matches(self, cell: str, check: str) -> bool:
        """Whether this line speaks of that check of that cell."""
        return check == self.check and fnmatchcase(cell, self.cell)

    def applies(self) -> bool:
        """Whether the installed libraries are those that the line speaks of."""
        if not self.when:
            return True
        requirement = Requirement(self.when)
        try:
            return requirement.specifier.contains(version(requirement.name), prereleases=True)
        except PackageNotFoundError:
            return False


def load(tasks: Path) -> list[KnownFailure]:
    """The lines that apply to the installed libraries.

    Raises:
        UsageError: a line that says too little or the wrong thing.
    """
    path = tasks / FILE
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if reader.fieldnames != COLUMNS:
            raise UsageError(f"{path} must begin with the columns {','.join(COLUMNS)}.")
        entries = [_entry(path, reader.line_num, row) for row in reader]
    return [entry for entry in entries if entry.applies()]


def _entry(path: Path, line: int, row: dict[str, str]) -> KnownFailure:
    cell, check, when, strict, reason = (str(row[column] or "").strip() for column in COLUMNS)
    if strict not in ("", "yes", "no"):
        raise UsageError(f"{path}:{line} has {strict!r} in the column strict: write yes or no.")
    entry = KnownFailure(line, cell, check, when, strict != "no", reason)
    if not entry.reason or not entry.cell:
        raise UsageError(f"{path}:{line} needs a cell and a reason: a failure that nobody explains is not known.")
    if entry.check not in CHECKS:
        raise UsageError(f"{path}:{line} names no check {entry.check!r}: choose one of {', '.join(CHECKS)}.")
    if entry.when:
        try:
            Requirement(entry.when)
        except InvalidRequirement as error:
            raise UsageError(
                f"{path}:{line} has no requirement in {entry.when!r} ({error}): write transformers<5."
            ) from None
    return entry


def stale(entries: Iterable[KnownFailure], existing: Iterable[tuple[str, str]]) -> list[KnownFailure]:
    """The lines that match no (cell, check) that exists."""
    pairs = list(existing)
    return [entry for entry in entries if not any(entry.matches(cell, check) for cell, check in pairs)]


def as_known(outcome: Outcome, known: KnownFailure) -> Outcome:
    """What an outcome means where a failure is expected: one that passes is itself an error, if the line is strict."""
    passed = outcome.status is Status.PASSED
    if outcome.status is Status.UNSUPPORTED or (passed and not known.strict):
        return outcome
    if passed:
        sentence = f"it passes, though it is a known failure ({known.reason}): remove its line from {FILE}"
        return replace(outcome, status=Status.FAILED, reason=sentence)
    return replace(outcome, status=Status.KNOWN_FAILURE, reason=f"{known.reason} ({outcome.reason})")
