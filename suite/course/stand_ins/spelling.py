"""Whether an id of the Hub is another one, misspelt."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping

COURSE = "huggingface-course"
"""Owns what its readers' own trainings would be named too."""


def misspelling(name: str, known: Iterable[str], bare: Mapping[str, str]) -> str | None:
    """The id that was meant, where a name is so close to one that it can be nothing else.

    `bare` leads from former names without an owner to the present ids. Another size, another version or another owner
    is another repository and no misspelling.
    """
    ids = list(known)
    vocabulary = frozenset(word for one in [*ids, *bare] for part in one.split("/") for word in _words(part))
    owner, _, last = name.rpartition("/")
    for one in ids:
        known_owner, _, known_last = one.rpartition("/")
        if not owner and known_owner != COURSE and _squashed(last) == _squashed(known_last):
            return one
        if owner and _squashed(name) == _squashed(one):
            return one
        if owner and last.lower() == known_last.lower() and _close(owner, known_owner, 0.85):
            return one
        if owner.lower() == known_owner.lower() and _slip(last, known_last, vocabulary):
            return one
    if owner:
        return None
    return next((current for former, current in bare.items() if _slip(last, former, vocabulary)), None)


def _slip(name: str, known: str, vocabulary: frozenset[str]) -> bool:
    """Whether a name differs from a known one by a slip in a word or two: the same count of words, the same numbers."""
    ours, theirs = _words(name), _words(known)
    if len(ours) != len(theirs) or re.findall(r"\d+", name) != re.findall(r"\d+", known):
        return False
    differences = [(one, other) for one, other in zip(ours, theirs, strict=True) if one != other]
    return 0 < len(differences) <= 2 and all(
        one not in vocabulary and _close(one, other, 0.75) for one, other in differences
    )


def _words(name: str) -> list[str]:
    return re.split(r"[-_.]", name.lower())


def _squashed(name: str) -> str:
    return re.sub(r"[-_. ]", "", name.lower())


def _close(one: str, other: str, least: float) -> bool:
    return difflib.SequenceMatcher(a=one.lower(), b=other.lower()).ratio() >= least
