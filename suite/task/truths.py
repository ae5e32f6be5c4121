"""What a truth of the user's own samples may be, by kind; anything else is refused when the file is read."""

from __future__ import annotations

from typing import Any

from suite.core.errors import UsageError
from suite.core.printable import shortened


def check_text(truth: Any) -> None:
    """A truth that is one text.

    Raises:
        UsageError: it is not.
    """
    if not isinstance(truth, str):
        raise UsageError(f"{_shown(truth)} is not a text, and this task scores against one: write the right answer")


def check_texts(truth: Any) -> None:
    """A truth that is a text, or a list of several that are right.

    Raises:
        UsageError: it is not.
    """
    several = truth if isinstance(truth, list) else [truth]
    if not several or not all(isinstance(text, str) for text in several):
        raise UsageError(f"{_shown(truth)} is not a text: write the right answer, or a list of all that are right")


def check_label(truth: Any) -> None:
    """A truth that is a label by its name or its index.

    Raises:
        UsageError: it is neither.
    """
    if isinstance(truth, bool) or not isinstance(truth, str | int):
        raise UsageError(f"{_shown(truth)} is not a label: write its name as a text, or its index as a whole number")


def _shown(truth: Any) -> str:
    return f"the truth {shortened(repr(truth), 80)}"
