"""What installed packages bring: their entry points in the groups of the suite, read without importing anything."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import distributions
from typing import Any

from suite.core.errors import UsageError

TASKS = "touchstone.tasks"
"""Each names a package whose folder is a tasks folder."""
BACKENDS = "touchstone.backends"
"""Each names a class, "module:Class", under the name of the backend."""
REPORT_SECTIONS = "touchstone.report_sections"
"""Each names a function, "module:function", that makes a section of the report."""


@dataclass(frozen=True, order=True)
class Extension:
    """An entry point: its name and reference ("module:attribute" or "module"), and the distribution that has it."""

    group: str
    name: str
    reference: str
    distribution: str
    version: str

    def __str__(self) -> str:
        return f"{self.group} {self.name!r} of the package {self.distribution}"

    def broken(self, problem: str) -> UsageError:
        """The error that says what is wrong with it."""
        return UsageError(f"The entry point {self} cannot be used: {problem}. Fix or uninstall {self.distribution}.")

    def load(self) -> Any:
        """What the reference names.

        Raises:
            UsageError: it cannot be imported, or is not there.
        """
        import importlib

        module, _, attribute = self.reference.partition(":")
        try:
            value: Any = importlib.import_module(module)
            for name in filter(None, attribute.split(".")):
                value = getattr(value, name)
        except Exception as error:  # whatever a stranger's module raises as it is imported
            raise self.broken(f"{self.reference} does not load ({type(error).__name__}: {error})") from error
        return value


def installed(group: str) -> list[Extension]:
    """The entry points of a group, by name and distribution."""
    return [extension for extension in _installed(tuple(sys.path)) if extension.group == group]


def versions() -> dict[str, str]:
    """The packages that bring something, by name, with their versions."""
    return {extension.distribution: extension.version for extension in _installed(tuple(sys.path))}


@lru_cache(maxsize=4)
def _installed(_path: tuple[str, ...]) -> tuple[Extension, ...]:
    """Every extension on the import path. The files are parsed where they speak of us alone: most packages do not."""
    names: set[str] = set()
    extensions: list[Extension] = []
    for distribution in distributions():
        text = distribution.read_text("entry_points.txt")
        if text is None or "touchstone." not in text:
            continue
        name = str(distribution.metadata["Name"])
        if name.lower() in names:
            continue  # the first on the path is the one that is imported
        names.add(name.lower())
        extensions += [
            Extension(entry.group, entry.name, entry.value.replace(" ", ""), name, distribution.version)
            for entry in distribution.entry_points
            if entry.group in (TASKS, BACKENDS, REPORT_SECTIONS)
        ]
    return tuple(sorted(extensions))
