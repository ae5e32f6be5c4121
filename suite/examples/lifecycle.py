"""What libraries have removed, and when: the table beside this file.

A pattern is one of `task:NAME` (a task of `pipeline()`), `default:TASK` (its default model), `name:NAME` (a class or
function of the library), `argument:CALLEE(NAME)`, `method:NAME`, `package:NAME` and `url:PREFIX`; names may hold `*`.
"""

from __future__ import annotations

import csv
import functools
import re
from dataclasses import dataclass
from pathlib import Path

from packaging.version import Version

TABLE = Path(__file__).with_name("lifecycle.csv")
ARGUMENT = re.compile(r"(?P<callee>[\w*.]+)\((?P<argument>\w+)\)")


@dataclass(frozen=True)
class Removal:
    """A line of the table: in `last_seen` it was still there, in `first_gone` no more; both are empty of a service."""

    library: str
    kind: str
    name: str
    last_seen: str
    first_gone: str
    error: str
    replacement: str

    @property
    def callee(self) -> str:
        """Of an argument: whose."""
        found = ARGUMENT.fullmatch(self.name)
        return found["callee"] if found else ""

    @property
    def argument(self) -> str:
        """Of an argument: its own name."""
        found = ARGUMENT.fullmatch(self.name)
        return found["argument"] if found else ""

    def gone_in(self, releases: dict[str, str]) -> bool:
        """Whether these releases of the libraries lack it; of a library that is not named, the newest is meant."""
        release = releases.get(self.library)
        return not self.first_gone or release is None or Version(release) >= Version(self.first_gone)


@functools.cache
def removals() -> tuple[Removal, ...]:
    """The table."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return tuple(_removal(row) for row in csv.DictReader(file))


def _removal(row: dict[str, str]) -> Removal:
    kind, _, name = row["pattern"].partition(":")
    return Removal(
        row["library"], kind, name, row["last_seen"], row["first_gone"], row["error"], row["replacement"]
    )  # fmt: skip
