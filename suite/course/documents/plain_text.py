"""Text of a stranger's, cut to a length and without what a terminal or a file of UTF-8 would stumble over."""

from __future__ import annotations

import re

_UNPRINTABLE = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters but tabs and line ends, what turns the direction of writing, and lone surrogates."""


def plain(text: str, longest: int) -> str:
    """The first `longest` characters, with a replacement character for each that is not to be printed."""
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text[:longest])


def is_plain(text: str, longest: int) -> bool:
    """Whether `plain` would leave a text as it is."""
    return len(text) <= longest and not _UNPRINTABLE.search(text)
