"""The output that a document shows for an example."""

from __future__ import annotations

import re

_FIRST_NAME = re.compile(r"\s{0,200}([\w<>.]{1,500})")
"""What a line begins with: the dotted name of an error, as a traceback's last line does."""


def shows_error(expected: str, name: str) -> bool:
    """Whether a document shows, as the output, an error of a class of this name. Takes time linear in both texts."""
    return any(_begins_with(line, name) for line in expected.split("\n"))


def _begins_with(line: str, name: str) -> bool:
    """Whether a line begins with a name, or with modules and a name."""
    first = _FIRST_NAME.match(line)
    if first is None:
        return False
    parts = first[1].split(".")
    modules = parts.index("") if "" in parts else len(parts)
    return any(re.split("[<>]", part, maxsplit=1)[0] == name for part in parts[:modules])
