"""The sentence for a mistyped name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from suite.errors import UsageError


def unknown(kind: str, name: str, known: Iterable[str]) -> UsageError:
    """An error that says what `name` was meant to be, and what there is."""
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return UsageError(f"There is no {kind} {name!r}.{hint} Known: {', '.join(known)}.")


def known_name(kind: str, name: str, known: Iterable[str]) -> str:
    """`name` itself, if it is known.

    Raises:
        UsageError: with "did you mean".
    """
    known = list(known)
    if name not in known:
        raise unknown(kind, name, known)
    return name
