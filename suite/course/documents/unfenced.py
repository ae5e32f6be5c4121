"""Finds code without a fence, as in pages that were saved as text: from an import on, as long as it is Python."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator, Sequence

from suite.course.documents.python_source import OUT, SHELL, does_something, tree_if_any, without_prompts

IMPORT = re.compile(r"(from [\w.]+ import [\w(*].*|import \w[\w., ]*)$")
PROMPTED = re.compile(r"(>>> |In \[\d*\]: ?)\S")
HEADING = re.compile(r"#{2,}\s|#\s.*[*_`]|(=|-){3,}\s*$|In \[\w*\]:")
"""A line that ends an example: a heading, the line under one, a cell of an exported notebook."""
LONGEST_STATEMENT = 60
"""Lines."""


def unmarked_code(lines: Sequence[str]) -> Iterator[tuple[int, str, str]]:
    """The first line, from 0, of every piece of code in a document, its text, and the outputs of a session."""
    at, imported = 0, False
    while at < len(lines):
        if PROMPTED.match(lines[at]):
            end = _session_end(lines, at)
            code, output = without_prompts("\n".join(lines[at:end]))
            if code.strip() and tree_if_any(code) is not None:
                yield at, code, output
            at = end
            continue
        starts = IMPORT.match(lines[at]) or (imported and _is_call(lines[at]))
        end = _end(lines, at) if starts else at
        if end == at:
            at += 1
            continue
        imported = True
        yield at, "\n".join(lines[at:end]), ""
        at = end


def _session_end(lines: Sequence[str], start: int) -> int:
    """The line after a session with prompts: it ends with a paragraph that has none."""
    end = start
    for number in range(start, len(lines)):
        if PROMPTED.match(lines[number]) or (lines[number].strip() and (end == number or OUT.match(lines[number]))):
            end = number + 1
        elif lines[number].strip():
            break
    return end


def _is_call(line: str) -> bool:
    """Whether a line is enough of a statement to begin a piece of code with."""
    tree = tree_if_any(line) if line[:1].isalpha() else None
    return tree is not None and any(isinstance(node, ast.Call) for node in ast.walk(tree))


def _end(lines: Sequence[str], start: int) -> int:
    """The line after the last statement of a piece of code; the start itself if there is none."""
    end = at = start
    while at < len(lines) and not HEADING.match(lines[at]):
        if not lines[at].strip() or lines[at].startswith("#") or SHELL.match(lines[at]):
            at += 1
            continue
        after = _statement(lines, at)
        if after == at:
            break
        end = at = after
    return end


def _statement(lines: Sequence[str], at: int) -> int:
    """The line after the statement that begins here; this line itself if none does."""
    for end in range(at + 1, min(at + LONGEST_STATEMENT, len(lines)) + 1):
        if HEADING.match(lines[end - 1]):
            return at
        tree = tree_if_any("\n".join(lines[at:end]))
        if tree is None:
            continue
        if not all(does_something(statement) for statement in tree.body):
            return at
        return end + _rest(lines, at, end)
    return at


def _rest(lines: Sequence[str], at: int, end: int) -> int:
    """How many more lines the block of a statement has: indented ones, and blank ones before them."""
    count = 0
    for number, line in enumerate(itertools.takewhile(lambda line: not line.strip() or line[0].isspace(), lines[end:])):
        count = number + 1 if line.strip() else count
    for less in range(min(count, LONGEST_STATEMENT)):
        last = end + count - less
        if lines[last - 1].strip() and tree_if_any("\n".join(lines[at:last])) is not None:
            return count - less
    return 0
