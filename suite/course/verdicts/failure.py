"""An example that failed, as the rules look at it: its code, its error, and what its document knew before."""

from __future__ import annotations

import re
from dataclasses import dataclass

from suite.course.documents.model import Example
from suite.course.documents.result import ExampleResult
from suite.course.verdicts.document_state import DocumentState
from suite.course.verdicts.verdict import Judgement, Verdict

LONGEST_MESSAGE = 2_000
LONGEST_CODE = 20_000
"""Characters that a pattern is searched in: documents and their errors are hostile."""
QUOTED = re.compile(r"['\"]([^'\"\s]+)['\"]")
PATH = re.compile(r"[./]\w")


@dataclass(frozen=True)
class Failure:
    """An example with the result of its run, which has an error or the end of its process."""

    example: Example
    result: ExampleResult
    state: DocumentState

    @property
    def error_name(self) -> str:
        """The class of the error, without its module; empty where the process ended without one."""
        return self.result.error[0].rpartition(".")[2] if self.result.error else ""

    def is_a(self, *names: str) -> bool:
        """Whether the error is of one of these classes, named without their modules, or of a class below them."""
        return any(name.rpartition(".")[2] in names for name in self.result.error)

    @property
    def message(self) -> str:
        """What the error says, cut to what a pattern may be searched in."""
        return self.result.message[:LONGEST_MESSAGE]

    @property
    def code(self) -> str:
        """The example's code, cut to what a pattern may be searched in."""
        return self.example.code[:LONGEST_CODE]

    @property
    def file(self) -> str:
        """The path that the error names, or "a file" where it names none."""
        quoted = QUOTED.findall(self.message)
        paths = [text for text in quoted if PATH.search(text)] or quoted
        return self.result.attributes.get("filename") or (paths[-1] if paths else "a file")

    def judgement(
        self, verdict: Verdict, sentence: str, rule: str, *, removed: tuple[str, str] = ("", ""), replacement: str = ""
    ) -> Judgement:
        """A judgement at the line that failed. `removed` is a name with the release that no longer has it."""
        return Judgement(verdict, sentence, self.result.line, *removed, replacement, rule)


def one_line(text: str, longest: int) -> str:
    """A text without line breaks, cut to so many characters."""
    return " ".join(text.split())[:longest]
