"""Texts from outside lose what a terminal would obey and what UTF-8 cannot hold."""

from __future__ import annotations

import os

import pytest

from suite.core.errors import UsageError, sentence
from suite.core.printable import listed, printable, shortened


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("naïve 日本語 😀", "naïve 日本語 😀"),
        ("\x1b[2J\x07", "\\x1b[2J\\x07"),
        ("a\x9bb\nc\td", "a\\x9bb\\x0ac\\x09d"),
        ("\u202egnp.exe\u2028", "\\u202egnp.exe\\u2028"),
        ("\ud800", "\\ud800"),
        (os.fsdecode(b"caf\xe9"), "caf\\xe9"),
    ],
)
def test_what_a_terminal_would_obey_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown
    printable(text).encode()


def test_long_names_are_shortened() -> None:
    assert shortened("B" * 1_000_000) == "B" * 200 + "... (1,000,000 characters)"
    assert listed(["a", "b"]) == "a, b"
    assert listed([str(number) for number in range(5000)]) == "0, 1, 2 and 4,997 others"


def test_a_sentence_is_bounded_and_printable() -> None:
    text = sentence(UsageError("no \x1b[2J" + "B" * 1_000_000 + "\ud800\n."))
    assert text.isprintable()
    assert len(text) < 6000
