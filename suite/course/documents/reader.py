"""Reads the documents of a course: Markdown, MDX, plain text that is Markdown, and Jupyter notebooks."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from suite.core.errors import UsageError
from suite.core.printable import printable_name, shortened
from suite.course.documents import effort
from suite.course.documents.blocks import FENCE, Block, block_of, parse_markdown
from suite.course.documents.model import Document, Example
from suite.course.documents.names import last_name
from suite.course.documents.notebook import read_cells
from suite.course.documents.python_source import has_prompts, tree_if_any, without_prompts
from suite.course.documents.unfenced import unmarked_code

if TYPE_CHECKING:
    from markdown_it.token import Token

MARKDOWN = (".md", ".mdx", ".markdown", ".qmd", ".rmd", ".txt")
NOTEBOOK = ".ipynb"
LARGEST, LARGEST_NOTEBOOK = 1_000_000, 50_000_000
"""Bytes of a document of text, and of a notebook, which holds pictures."""
READING_SECONDS = 20.0
"""Of a processor; a document of the largest size takes a few at most."""
NEARBY = 1
"""Paragraphs at most between an example and its output."""


def find_documents(paths: Iterable[Path]) -> list[Path]:
    """The documents at these paths, files or folders, in the order of their names; hidden folders are passed over.

    Raises:
        UsageError: a path is not there, or holds no document.
    """
    files: dict[Path, None] = {}
    for path in paths:
        if path.is_file():
            files[path] = None
            continue
        if not path.is_dir():
            raise UsageError(f"There is no course at {path}: name a file or a folder of documents.")
        inside = [
            file
            for file in sorted(path.rglob("*"))  # it follows no links to folders, which may lead in circles
            if file.suffix.lower() in (*MARKDOWN, NOTEBOOK)
            and file.is_file()
            and not any(part.startswith(".") for part in file.relative_to(path).parts)
        ]
        if not inside:
            raise UsageError(f"{path} holds no document ({', '.join((*MARKDOWN, NOTEBOOK))}): name another folder.")
        files.update(dict.fromkeys(inside))
    return list(files)


def read_document(file: Path, name: str | None = None) -> Document:
    """The examples of a file; one that cannot be read is a document with a problem, never an exception.

    Raises:
        UsageError: a package that reading needs is not installed.
    """
    name = printable_name(name or file.as_posix())
    is_notebook = file.suffix.lower() == NOTEBOOK
    largest = LARGEST_NOTEBOOK if is_notebook else LARGEST
    try:
        with file.open("rb") as stream:
            raw = stream.read(largest + 1)  # the size that a file says it has need not be true
    except OSError as error:
        return Document(name, problem=f"it cannot be read ({error.strerror})")
    if len(raw) > largest:
        return Document(name, problem=_too_large(largest))
    content = raw.decode("utf-8-sig", errors="replace")
    try:
        with effort.at_most(READING_SECONDS):
            examples = _notebook(content, name) if is_notebook else _markdown(content, name)
    except UsageError:
        raise
    except effort.TakesTooLong:
        return Document(name, problem=f"to read it takes longer than {READING_SECONDS:g} s: split it")
    except Exception as error:  # the parsers raise whatever their parts raise, on a notebook even a failed validation's
        first = str(error).strip().partition("\n")[0]
        return Document(name, problem=f"it is damaged ({type(error).__name__}: {shortened(first)})")
    return Document(name, tuple(examples))


def _too_large(largest: int) -> str:
    return f"it is larger than {largest // 1_000_000} MB: split it, or leave out its pictures and outputs"


def _markdown(content: str, name: str) -> list[Example]:
    lines = content.splitlines()
    parsed = parse_markdown("\n".join(lines))
    examples = _examples(parsed.tokens, name, lines)
    # Code without a mark may span paragraphs, headings and indented blocks: no rule of a Markdown parser finds it.
    for passed_over in parsed.passed_over:
        lines[passed_over.start : passed_over.stop] = [""] * len(passed_over)
    if FENCE.search("\n".join(lines)) or any(token.markup == "highlight" for token in parsed.tokens):
        return examples
    unmarked = [
        Example(name, str(at + 1), at + 1, code, expected=expected) for at, code, expected in unmarked_code(lines)
    ]
    # What is indented in such code is no block of its own.
    inside = {one.line + offset for one in unmarked for offset in range(one.code.count("\n") + 1)}
    examples = [*(example for example in examples if example.line not in inside), *unmarked]
    return sorted(examples, key=lambda example: example.line)


def _examples(tokens: Sequence[Token], name: str, lines: Sequence[str]) -> list[Example]:
    """The code blocks and the calls in sentences, in order, with the outputs that stand near them."""
    blocks = {number: block for number, token in enumerate(tokens) if (block := block_of(token))}
    among_python = any(block.is_python for block in blocks.values())
    examples: list[Example] = []
    last, paragraphs = None, 0  # the example that an output would belong to, and the paragraphs between
    for number, token in enumerate(tokens):
        if token.type == "heading_open":
            last = None
        elif token.type == "paragraph_open":
            paragraphs += 1
        elif token.type == "inline" and token.children:
            examples += _inline(token, name, lines)
        block = blocks.get(number)
        if block is None:
            continue
        if block.is_python or (among_python and block.is_python_among_python):
            code, expected = block.session
            if not code.strip():  # nothing would be run, and that would be said to work
                last = None
                continue
            last, paragraphs = len(examples), 0
            examples.append(Example(name, str(block.line), block.line, code, expected=expected))
        elif last is not None and (block.is_output or _is_nearby(block, examples[last], paragraphs)):
            examples[last] = replace(examples[last], expected=examples[last].expected + block.content)
        else:
            paragraphs = NEARBY + 1
    return examples


def _is_nearby(block: Block, example: Example, paragraphs: int) -> bool:
    """Whether a block that names no language shows the output of the example before it."""
    return block.may_be_output and paragraphs <= NEARBY and not example.expected


def _inline(token: Token, name: str, lines: Sequence[str]) -> Iterator[Example]:
    """The calls of `pipeline` in a sentence. One without arguments only names the function."""
    start, end = token.map or [0, 0]
    for child in token.children or ():
        if child.type != "code_inline" or "pipeline(" not in child.content:
            continue
        tree = tree_if_any(child.content.strip())
        if tree is None:
            continue
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and last_name(node.func) == "pipeline"]
        if not any(call.args or call.keywords for call in calls):
            continue
        line = next((n + 1 for n in range(start, end) if child.content[:40] in lines[n]), start + 1)
        yield Example(name, str(line), line, child.content.strip(), kind="inline")


def _notebook(content: str, name: str) -> list[Example]:
    cells = read_cells(content)
    if sum(len(cell.source) for cell in cells) > LARGEST:
        raise ValueError(f"its code and its text are longer than {LARGEST // 1_000_000} MB")
    examples: list[Example] = []
    for number, cell in enumerate(cells, 1):
        if cell.kind == "code" and cell.source.strip():
            code, output = without_prompts(cell.source) if has_prompts(cell.source) else (cell.source, "")
            examples.append(Example(name, f"cell {number}", 1, code, expected=output or cell.output))
        elif cell.kind == "markdown":
            inside = _examples(parse_markdown(cell.source).tokens, name, cell.source.splitlines())
            examples += [replace(example, place=f"cell {number}, line {example.line}") for example in inside]
    return examples
