"""The code blocks of Markdown, fenced or indented: which of them are Python, and which show an output."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from suite.core.errors import UsageError
from suite.course.documents.python_source import (
    has_prompts,
    is_python,
    is_python_among_python,
    without_output,
    without_prompts,
)

if TYPE_CHECKING:
    from markdown_it.token import Token

PYTHON = {"python", "py", "python3", "py3", "ipython", "ipython3", "pycon", "python-repl", "pyodide"}
OUTPUT = {"out", "output", "trace", "console-output"}
"""The second word of a fence that shows an output."""
PLAIN = {"", "text", "txt", "plaintext", "plain"}
"""The languages of a fence that may hold code or anything else."""
TEXT = {*PLAIN, "console", *OUTPUT}
"""The language of a fence that may show an output."""
FENCE = re.compile(r"^[^\S\n]*(```|~~~)", re.MULTILINE)
LANGUAGE = re.compile(r"[\w+#-]*")
DIRECTIVE = re.compile(r"\{(code-cell|code-block|code|sourcecode)\}\s*(?P<language>\S*)")
"""What MyST writes for a language; a cell that names none is Python."""
OPTIONS = re.compile(r"\A(---\n.*?\n---\n|(:[\w-]+:[^\n]*\n)+)", re.DOTALL)
PASTED = re.compile(r"\A(?:[^\S\n]*\n)*(python3?|py)[ \t]*\n([ \t]*copy( code)?[ \t]*\n)?", re.IGNORECASE)
"""A language that slipped into the block, as code pasted from a page has it."""
MISSING = (
    "Reading a course needs markdown-it-py and nbformat: pip install 'touchstone-bench[course]', or both of them alone."
)


@dataclass(frozen=True)
class Block:
    """A block of code. `line` is the number of its first line in the document; `info` the text after its fence."""

    line: int
    info: str
    content: str

    @property
    def language(self) -> str:
        """The language that the fence names, in lower case; empty if it names none, or if there is no fence."""
        if directive := DIRECTIVE.match(self.info.strip()):
            return directive["language"].lower() or "python"
        word = LANGUAGE.match(self.info.strip().lstrip("{. "))
        return word[0].lower() if word else ""

    @property
    def is_output(self) -> bool:
        """Whether its fence says that it is an output of Python: `python out`."""
        words = re.split(r"[\s,{}]+", self.info.lower())
        return self.language in PYTHON and not OUTPUT.isdisjoint(words[1:])

    @property
    def may_be_output(self) -> bool:
        """Whether its fence allows that it is an output."""
        return self.language in TEXT

    @functools.cached_property
    def session(self) -> tuple[str, str]:
        """Its code without prompts, and the output between them or at its end."""
        code = self.content
        if DIRECTIVE.match(self.info.strip()):
            code = OPTIONS.sub(_blank, code)
        elif not self.language:
            code = PASTED.sub(_blank, code)
        return without_prompts(code) if has_prompts(code) else without_output(code)

    @functools.cached_property
    def is_python(self) -> bool:
        """Whether it is Python wherever it stands."""
        if self.language in PYTHON:
            return not self.is_output
        return self.language in PLAIN and is_python(self.session[0])

    @functools.cached_property
    def is_python_among_python(self) -> bool:
        """Whether it is Python in a document that holds some."""
        return self.is_python or (self.language in PLAIN and is_python_among_python(self.session[0]))


def _blank(match: re.Match[str]) -> str:
    return "\n" * match[0].count("\n")


@dataclass(frozen=True)
class Markdown:
    """A parsed text: its tokens, and the lines, from 0, of tags and branches that are not read."""

    tokens: list[Token]
    passed_over: list[range]


def parse_markdown(text: str) -> Markdown:
    """Parse Markdown with the rules for courses.

    Raises:
        UsageError: markdown-it-py is not installed.
    """
    try:
        from suite.course.documents import markdown_rules
    except ImportError:
        raise UsageError(MISSING) from None
    environment: dict[str, Any] = {}
    tokens = markdown_rules.new_parser().parse(text, environment)
    return Markdown(tokens, environment.get(markdown_rules.PASSED_OVER, []))


def block_of(token: Token) -> Block | None:
    """The code block that a token is, if it is one."""
    if token.type not in ("fence", "code_block") or not token.map:
        return None
    return Block(token.map[0] + (2 if token.type == "fence" else 1), token.info, token.content)
