"""Keeps user names out of what is made to be shared."""

from __future__ import annotations

import re

_HOME = re.compile(r"(?:/home/|/Users/|\b[A-Za-z]:[\\/]+Users[\\/]+)[^\\/\s'\":;,)<>]+|(?<![\w./-])/root(?![\w.-])")


def scrub(text: str) -> str:
    """The text with every home directory written as `~`."""
    return _HOME.sub("~", text)
