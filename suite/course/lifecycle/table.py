"""The table of what libraries have removed, and when, from the file beside this one.

The columns:

- `library`: the package, as pip knows it.
- `pattern`: `task:NAME` (a task of `pipeline()`), `default:TASK` (its default model), `name:NAME` (a class or function
  of the library), `member:NAME` (the same of its top level alone, since its modules have others of that name),
  `argument:CALLEE(NAME)` (of one of several callees, with `|` between),
  `value:ARGUMENT=TEXT` (of whatever call), `method:NAME` (of a tokenizer), `package:NAME` (a module) and `url:PREFIX`
  (a service); names may hold `*`.
- `last_seen`, `first_gone`: two releases, one right after the other; empty of a service and of what is only deprecated.
- `error`: the exception on `first_gone`, or a base of it.
- `replacement`: what to write instead; or `nothing`, and after a colon why nothing is needed.
- `back_in`: the release that has it again, if one has.
- `kept_by`: of a method, the classes that have it still, with `|` between.
- `deprecated_in`: a release on which it works and warns, of what is still there but should not be taught.

`python -m suite verify-lifecycle` tries every line on these releases and on the newest, with the snippets of
`lifecycle_probes.toml`.
"""

from __future__ import annotations

import csv
import functools
import re
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from packaging.version import Version

TABLE = Path(__file__).with_name("lifecycle.csv")
ARGUMENT = re.compile(r"(?P<callee>[\w*.|]+)\((?P<argument>\w+)\)")


@dataclass(frozen=True)
class Removal:
    """A line of the table; its columns are described above."""

    library: str
    kind: str
    name: str
    last_seen: str
    first_gone: str
    error: str
    replacement: str
    back_in: str = ""
    deprecated_in: str = ""
    kept_by: str = ""

    @property
    def key(self) -> str:
        """The library and the pattern, which no two lines share."""
        return f"{self.library} {self.kind}:{self.name}"

    @property
    def works_on_newest(self) -> bool:
        """Whether what the line is about can be used with the newest release."""
        return bool(self.back_in or self.deprecated_in)

    @property
    def callee(self) -> str:
        """Of an argument: whose."""
        match = ARGUMENT.fullmatch(self.name)
        return match["callee"] if match else ""

    @property
    def argument(self) -> str:
        """Of an argument: its own name."""
        match = ARGUMENT.fullmatch(self.name)
        return match["argument"] if match else ""

    @property
    def advice(self) -> str:
        """What to do instead, as a sentence ends with it."""
        nothing, _, reason = self.replacement.partition(": ")
        if nothing != "nothing":
            return f"use {self.replacement}"
        return f"leave it out ({reason})" if reason else "leave it out"

    def gone_in(self, releases: dict[str, str]) -> bool:
        """Whether these releases lack or deprecate it; of a library that is not named, the newest is meant."""
        release = releases.get(self.library)
        if release is None:
            return not self.back_in
        at = Version(release)
        if self.back_in and at >= Version(self.back_in):
            return False
        return at >= Version(self.first_gone or self.deprecated_in or "0")


@functools.cache
def removals() -> tuple[Removal, ...]:
    """The table."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return tuple(_removal(row) for row in csv.DictReader(file))


def _removal(row: dict[str, str]) -> Removal:
    kind, _, name = row["pattern"].partition(":")
    del row["pattern"]
    return Removal(kind=kind, name=name, **row)


def installed_releases() -> dict[str, str]:
    """The releases of the table's libraries that are installed here, without importing them."""
    releases = {}
    for library in {removal.library for removal in removals()}:
        try:
            releases[library] = version(library)
        except (PackageNotFoundError, ValueError):
            continue
    return releases
