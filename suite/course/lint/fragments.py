"""What makes an example a fragment: code that is no Python because it is not meant to run, as a table of rules."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from suite.course.documents.python_source import has_code, is_shell

LONGEST_LINE = 10_000
"""Characters of a line that are looked at."""
STRING = re.compile(r""""[^"]*"|'[^']*'""")


@dataclass(frozen=True)
class Unparsed:
    """Code that is no Python, with Python's message and the number of the line, from 1, that it names."""

    code: str
    message: str
    number: int

    @property
    def line(self) -> str:
        """The line that Python names; empty if there is none."""
        lines = self.code.splitlines()
        return lines[self.number - 1][:LONGEST_LINE] if 0 < self.number <= len(lines) else ""


@dataclass(frozen=True)
class FragmentRule:
    """Recognises one kind of fragment: `why` ends the sentence of the verdict, `example` is code that it recognises."""

    recognises: Callable[[Unparsed], bool]
    why: str
    example: str


def _in_code(pattern: str) -> Callable[[Unparsed], bool]:
    compiled = re.compile(pattern, re.MULTILINE)
    return lambda unparsed: compiled.search(unparsed.code) is not None


def _in_line(pattern: str) -> Callable[[Unparsed], bool]:
    compiled = re.compile(pattern)
    return lambda unparsed: compiled.search(unparsed.line) is not None


def _outside_strings(pattern: str) -> Callable[[Unparsed], bool]:
    compiled = re.compile(pattern)
    return lambda unparsed: compiled.search(STRING.sub("", unparsed.line)) is not None


def _lacks_block(unparsed: Unparsed) -> bool:
    """Whether the code ends with the head of a block, or with comments under it."""
    if not unparsed.message.startswith("expected an indented block"):
        return False
    rest = unparsed.code.splitlines()[max(unparsed.number, 1) - 1 :]
    code = [line for line in (line.partition("#")[0].rstrip() for line in rest) if line]
    return not code or (len(code) == 1 and code[0].endswith(":"))


OMISSION = "it leaves something out and is not meant to run"
NO_CODE = "it shows something that is no code"
RULES = (
    FragmentRule(
        _in_code(r"^[^\S\n]*(\.\.\.|…|#[^\S\n]*\.\.\.)[^\S\n]*$|\[\.\.\.\.\]"), OMISSION, "f(\n    a\n    ...\n)"
    ),
    FragmentRule(_in_line(r"\{\{.{1,500}?\}\}|\{%.{1,500}?%\}"), OMISSION, 'model("{{ text | default("it") }}")'),
    FragmentRule(_outside_strings(r"<\w[\w ./:-]*>"), OMISSION, "OpenAI(api_key=<YOUR_API_KEY>)"),
    FragmentRule(_lacks_block, "it shows how a block begins and is not meant to run", "for word in words:\n    # more"),
    FragmentRule(
        _in_line(r"""^\s*(["'])[\w -]+\1\s*:\s"""),
        "it is a piece of a dictionary and is not meant to run",
        '"a": [1]\n"b": [2]',
    ),
    FragmentRule(
        _in_code(r"\A\s*(Dataset|DatasetDict|IterableDataset)\(\{"), NO_CODE, "Dataset({\n    num_rows: 3\n    b\n})"
    ),
    FragmentRule(lambda unparsed: not has_code(unparsed.code), NO_CODE, "Tokenizer\n-> Model"),
    FragmentRule(
        _in_line(r"^\s*(Traceback \(most|[\w.]*(Error|Exception|Warning): )"),
        "it shows an error and is not meant to run",
        "f(2)\nValueError: it is not",
    ),
    FragmentRule(
        lambda unparsed: is_shell(unparsed.code),
        "it is for the shell, not for Python",
        "# In a terminal\npip install (a)\nx = 1",
    ),
)
"""The first rule that recognises code counts."""


def fragment_reason(unparsed: Unparsed) -> str:
    """Why code that is no Python is a fragment; empty if it is broken."""
    return next((rule.why for rule in RULES if rule.recognises(unparsed)), "")
