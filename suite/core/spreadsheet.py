"""Texts in CSV files that spreadsheets open: none is taken for a formula."""

from __future__ import annotations

from typing import Any

_FIRST = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - full-width ones are obeyed too
_MARK = "'"
"""What a spreadsheet takes for "a text follows"."""


def guard(value: Any) -> Any:
    """A text with an apostrophe before it if a spreadsheet would take it for a formula; other values as they are.

    A text that begins with an apostrophe gets another, so that `unguard` gives back every text as it was.
    """
    if isinstance(value, str) and value.startswith((*_FIRST, _MARK)):
        return f"{_MARK}{value}"
    return value


def unguard(text: str) -> str:
    """The text that `guard` was given."""
    return text.removeprefix(_MARK)
