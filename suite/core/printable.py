"""Names and texts from outside as terminals, ids and UTF-8 files can take them: escaped, on one line, shortened."""

from __future__ import annotations

import re

LONGEST_NAME = 200
"""Characters of a name from outside that are shown."""
UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, separators of lines, changes of the writing direction, and lone surrogates."""


def printable(text: str) -> str:
    r"""The text with every character that no terminal or UTF-8 file should get escaped: ESC becomes `\x1b`.

    A byte of a file name that is not UTF-8, which Python keeps as a lone surrogate, is written as the byte: `\xff`.
    """
    return UNPRINTABLE.sub(_escaped, text)


def shortened(text: str, longest: int = LONGEST_NAME) -> str:
    """The text, printable, and of a longer one its beginning and the number of its characters."""
    if len(text) <= longest:
        return printable(text)
    return f"{printable(text[:longest])}... ({len(text):,} characters)"


def listed(names: list[str], most: int = 3) -> str:
    """The first names, shortened, and how many others there are."""
    others = len(names) - most
    first = ", ".join(shortened(name) for name in names[:most])
    return f"{first} and {others:,} others" if others > 0 else first


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    if 0xDC80 <= code <= 0xDCFF:
        code -= 0xDC00
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
