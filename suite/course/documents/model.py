"""What a document of a course holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Example:
    """Code that a document shows.

    `place` is where: a line number, or "cell N" of a notebook; `line` the first line of the code in the file (in the
    cell). `code` is what was written, prompts and outputs apart; `expected` the output that the document shows for it.
    An `inline` example is a call in the middle of a sentence.
    """

    document: str
    place: str
    line: int
    code: str
    kind: Literal["block", "inline"] = "block"
    expected: str = ""

    @property
    def id(self) -> str:
        """The example by its document and place: "chapter1/3.mdx:223"."""
        return f"{self.document}:{self.place}"

    @property
    def text(self) -> str:
        """Its first line."""
        return self.code.strip().partition("\n")[0]


@dataclass(frozen=True)
class Document:
    """The examples of one file in order; `problem` says why it could not be read."""

    path: str
    examples: tuple[Example, ...] = ()
    problem: str = ""
