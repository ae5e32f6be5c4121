"""Texts from outside as terminals, ids and UTF-8 files can take them: escaped, on one line, shortened."""

from __future__ import annotations

import re
from collections.abc import Sequence

LONGEST_NAME = 200
"""Characters of a name from outside that are shown."""
LONGEST_REASON = 400
"""Characters of a library's error that are shown."""
_STEERING = "\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufff9-\ufffb"
"""Control characters, separators of lines, bidirectional controls, and lone surrogates."""
_IN_TEXTS = re.compile(f"[\x00-\x08\x0b-\x1f{_STEERING}]")
_IN_NAMES = re.compile(f"[\x00-\x1f{_STEERING}]")


def printable(text: str) -> str:
    r"""The text with what steers a terminal escaped: ESC becomes `\x1b`. Tabs and line breaks stay, CR LF becomes LF.

    A byte of a file name that is not UTF-8, which Python keeps as a lone surrogate, is written as the byte: `\xff`.
    """
    return _IN_TEXTS.sub(_escaped, text.replace("\r\n", "\n"))


def printable_name(text: str) -> str:
    """The same for a name: its tabs and line breaks are escaped too."""
    return _IN_NAMES.sub(_escaped, text)


def one_line(text: str) -> str:
    """The text on one line: printable, every run of white space a blank."""
    return printable(" ".join(text.split()))


def shortened(text: str, longest: int = LONGEST_NAME) -> str:
    """The text as a name, and of a longer one its beginning and the number of its characters."""
    if len(text) <= longest:
        return printable_name(text)
    return f"{printable_name(text[:longest])}... ({len(text):,} characters)"


def first_line(error: BaseException, longest: int = LONGEST_REASON) -> str:
    """What a library's error is and says, as far as it is to be shown."""
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {shortened(text[0], longest)}" if text else type(error).__name__


def listed(names: list[str], most: int = 3) -> str:
    """The first names, shortened, and how many others there are."""
    others = len(names) - most
    first = ", ".join(shortened(name) for name in names[:most])
    return f"{first} and {others:,} other{'s' if others > 1 else ''}" if others > 0 else first


def complaints(each: Sequence[tuple[str, str]], most: int = 20) -> str:
    """What is wrong with each of several things, by name, as one text: equal complaints together, at most so many."""
    names: dict[str, list[str]] = {}
    for name, wrong in each:
        names.setdefault(wrong, []).append(name)
    shown = [f"{listed(those, most)}: {wrong}" for wrong, those in list(names.items())[:most]]
    others = [name for those in list(names.values())[most:] for name in those]
    return "; ".join([*shown, f"and {listed(others, most)}"] if others else shown)


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    if 0xDC80 <= code <= 0xDCFF:
        code -= 0xDC00
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
