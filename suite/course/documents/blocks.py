"""The code blocks of Markdown, fenced or indented: which of them are Python, and which show what came out."""

from __future__ import annotations

import functools
import re
import textwrap
from collections.abc import Iterator
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
"""The second word of a fence that shows what came out."""
UNTOLD = {"", "text", "txt", "plaintext", "plain"}
"""What a fence says that does not say what it is."""
TEXT = {*UNTOLD, "console", *OUTPUT}
"""The language of a fence that may show what came out."""
FENCE = re.compile(r"^\s*(```|~~~)", re.MULTILINE)
LANGUAGE = re.compile(r"[\w+#-]*")
DIRECTIVE = re.compile(r"\{(code-cell|code-block|code|sourcecode)\}\s*(?P<language>\S*)")
"""What MyST writes for a language; a cell is Python if it does not say."""
OPTIONS = re.compile(r"\A(---\n.*?\n---\n|(:[\w-]+:[^\n]*\n)+)", re.DOTALL)
PASTED = re.compile(r"\A(\s*\n)*(python3?|py)[ \t]*\n([ \t]*copy( code)?[ \t]*\n)?", re.IGNORECASE)
"""A language that slipped into the block, as code pasted from a page has it."""
MISSING = (
    "Reading a course needs markdown-it-py and nbformat: pip install 'touchstone-bench[course]', or both of them alone."
)


@dataclass(frozen=True)
class Block:
    """A block of code. `line` is that of its first line in the document; `info` is what its fence says."""

    line: int
    info: str
    content: str

    @property
    def language(self) -> str:
        """What the fence says that it is, in lower case; empty where it does not, or where there is no fence."""
        if directive := DIRECTIVE.match(self.info.strip()):
            return directive["language"].lower() or "python"
        found = LANGUAGE.match(self.info.strip().lstrip("{. "))
        return found[0].lower() if found else ""

    @property
    def is_output(self) -> bool:
        """Whether its fence says that it is what Python has given: `python out`."""
        words = re.split(r"[\s,{}]+", self.info.lower())
        return self.language in PYTHON and not OUTPUT.isdisjoint(words[1:])

    @property
    def may_be_output(self) -> bool:
        """Whether its fence does not say otherwise."""
        return self.language in TEXT

    @functools.cached_property
    def session(self) -> tuple[str, str]:
        """Its code without prompts, and what it shows between them or at its end."""
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
        return self.language in UNTOLD and is_python(self.session[0])

    @functools.cached_property
    def is_python_among_python(self) -> bool:
        """Whether it is Python in a document that holds some."""
        return self.is_python or (self.language in UNTOLD and is_python_among_python(self.session[0]))


def _blank(found: re.Match[str]) -> str:
    return "\n" * found[0].count("\n")


def parsed_markdown(text: str) -> list[Token]:
    """The tokens of a document.

    Raises:
        UsageError: markdown-it-py is not installed.
    """
    try:
        from markdown_it import MarkdownIt
    except ImportError:
        raise UsageError(MISSING) from None
    parser: Any = MarkdownIt("commonmark", {"html": True}).enable("table")
    return list(parser.parse(text))


def blocks_of(token: Token, offset: int = 0) -> Iterator[Block]:
    """The block that a token is, if it is one. A fence indented so far that Markdown takes it for code is a fence."""
    if not token.map:
        return
    if token.type == "fence":
        yield Block(offset + token.map[0] + 2, token.info, token.content)
    elif token.type == "code_block" and FENCE.search(token.content):
        for inner in parsed_markdown(textwrap.dedent(token.content)):
            yield from blocks_of(inner, offset + token.map[0])
    elif token.type == "code_block":
        yield Block(offset + token.map[0] + 1, "", token.content)
