"""Texts from outside without what steers a terminal or turns the order of the letters around."""

from __future__ import annotations

import re

_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufff9-\ufffb]"
)
"""Control characters but tab and line feed, bidirectional controls, unpaired surrogates."""


def printable(text: str) -> str:
    r"""The text with control characters written out (`\x1b`); tabs and line breaks stay, CR LF becomes LF."""
    return _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), text.replace("\r\n", "\n"))


def one_line(text: str) -> str:
    """The same on one line, every run of white space a blank."""
    return printable(" ".join(text.split()))
