"""The output that a document shows for an example."""

from __future__ import annotations

import re


def shows_error(expected: str, name: str) -> bool:
    """Whether a document shows, as the output, an error of a class of this name."""
    return re.search(rf"^\s*(?:[\w<>]+\.)*{re.escape(name)}\b", expected, re.MULTILINE) is not None
