"""Documents of a course, read: Markdown, MDX, plain text that is Markdown, and Jupyter notebooks."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from suite.core.errors import UsageError
from suite.course.documents.blocks import FENCE, MISSING, Block, blocks_of, parsed_markdown
from suite.course.documents.model import Document, Example
from suite.course.documents.python_source import has_prompts, without_prompts
from suite.course.documents.unfenced import unmarked_code

if TYPE_CHECKING:
    from markdown_it.token import Token

MARKDOWN = (".md", ".mdx", ".markdown", ".qmd", ".rmd", ".txt")
NOTEBOOK = ".ipynb"
LARGEST = 50_000_000
BRANCH = re.compile(
    r"\s*\{\s*(#if\s+(?P<condition>.*?)|(?P<otherwise>:else(\s+if\s+(?P<next>.*?))?)|(?P<end>/if))\s*\}\s*$"
)
FRAMEWORK = re.compile(r"\s*<(?P<end>/?)(?P<name>frameworkcontent|pt|tf|jax|flax)>\s*$")
"""A tag around what is for one framework."""
MARK = re.compile(r"(?P<indent>[ >\t]*)(?P<mark>`{3,}|~{3,})(?P<info>[^`]*)$")
SHOWS_FENCES = {"", "markdown", "md", "mdx", "text", "txt"}
"""What a fence says that shows how fences are written."""
OPENING, TAG = re.compile(r"\s*(```|~~~)\s*[\w{]"), re.compile(r"\s*</?[A-Za-z].*>\s*$")
HIGHLIGHT = re.compile(
    r"^\s*(\{%-?|\{\{[<%])\s*(highlight\s+(?P<language>\w+).*?|(?P<end>(end|/)highlight))\s*(-?%|[>%]\})\}\s*$"
)
"""What Jekyll and Hugo write for a fence."""
NEARBY = 1
"""Paragraphs at most between an example and what it is said to give."""


def find_documents(paths: Iterable[Path]) -> list[Path]:
    """The documents at these paths, files or folders, in the order of their names; hidden folders are passed over.

    Raises:
        UsageError: a path is not there, or holds no document.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_file():
            found[path] = None
            continue
        if not path.is_dir():
            raise UsageError(f"There is no course at {path}: name a file or a folder of documents.")
        inside = [
            file
            for file in sorted(path.rglob("*"))
            if file.suffix.lower() in (*MARKDOWN, NOTEBOOK)
            and file.is_file()
            and not any(part.startswith(".") for part in file.relative_to(path).parts)
        ]
        if not inside:
            raise UsageError(f"{path} holds no document ({', '.join((*MARKDOWN, NOTEBOOK))}): name another folder.")
        found.update(dict.fromkeys(inside))
    return list(found)


def read_document(file: Path, name: str | None = None) -> Document:
    """The examples of a file; one that cannot be read is a document with a problem, never an exception."""
    name = name or file.as_posix()
    try:
        if file.stat().st_size > LARGEST:
            return Document(name, problem=f"it is larger than {LARGEST // 1_000_000} MB: no document is")
        content = file.read_bytes().decode("utf-8-sig", errors="replace")
    except OSError as error:
        return Document(name, problem=f"it cannot be read ({error.strerror})")
    try:
        found = _notebook(content, name) if file.suffix.lower() == NOTEBOOK else _markdown(content, name)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        first = str(error).strip().partition("\n")[0]
        return Document(name, problem=f"it is damaged ({type(error).__name__}: {first[:200]})")
    return Document(name, tuple(found))


def _markdown(content: str, name: str) -> list[Example]:
    lines = [HIGHLIGHT.sub(_fence, line) for line in _chosen_branch(content.splitlines())]
    lines = _freed(_closed(_of_torch(lines)))
    text = "\n".join(lines)
    found = _blocks(text, name, lines)
    if FENCE.search(text):
        return found
    for at, code, shown in unmarked_code(lines):
        held = range(at + 1, at + 2 + code.count("\n"))  # what is indented in it is no block of its own
        found = [
            *(one for one in found if one.line not in held),
            Example(name, str(at + 1), at + 1, code, expected=shown),
        ]
    return sorted(found, key=lambda one: one.line)


def _chosen_branch(lines: Sequence[str]) -> list[str]:
    """Of `{#if fw === 'pt'}` branches leave the PyTorch one; the rest becomes blank, so that lines keep place."""
    kept = []
    nested: list[bool] = []
    for line in lines:
        found = BRANCH.match(line)
        if found and found["condition"] is not None:
            nested.append(_is_torch(found["condition"]))
        elif found and nested and found["otherwise"]:
            nested[-1] = _is_torch(found["next"]) if found["next"] else not nested[-1]
        elif found and nested and found["end"]:
            nested.pop()
        kept.append("" if found or not all(nested) else line)
    return kept


def _of_torch(lines: Sequence[str]) -> list[str]:
    """Of `<pt>` and `<tf>` leave what is in the first; the rest and the tags become blank."""
    tags = {number: tag for number, line in enumerate(lines) if (tag := FRAMEWORK.match(line))}
    blank = set(tags)
    for (start, tag), (end, following) in itertools.pairwise(tags.items()):
        if tag["name"] in ("tf", "jax", "flax") and not tag["end"] and following["end"]:
            blank.update(range(start, end))
    return ["" if number in blank else line for number, line in enumerate(lines)]


def _closed(lines: Sequence[str]) -> list[str]:
    """A fence that was never closed ends before the next that names a language: its last blank line becomes an end."""
    kept = list(lines)
    opened: re.Match[str] | None = None
    for number, line in enumerate(lines):
        mark = MARK.match(line)
        if mark is None:
            continue
        if opened is None:
            opened = mark
        elif not mark["info"].strip():
            opened = None if mark["mark"].startswith(opened["mark"]) else opened
        elif mark["mark"] == opened["mark"] and opened["info"].strip().lower() not in SHOWS_FENCES:
            if not kept[number - 1].strip():
                kept[number - 1] = f"{opened['indent']}{opened['mark']}"
            opened = mark
    return kept


def _freed(lines: Sequence[str]) -> list[str]:
    """Tags right before a fence become blank: to Markdown the fence would be a part of their HTML."""
    kept = list(lines)
    for number in range(len(kept) - 1, 0, -1):
        before = OPENING.match(lines[number]) or (not kept[number] and TAG.match(lines[number]))
        if before and TAG.match(lines[number - 1]):
            kept[number - 1] = ""
    return kept


def _fence(tag: re.Match[str]) -> str:
    return "```" if tag["end"] else f"```{tag['language']}"


def _is_torch(condition: str) -> bool:
    """Whether a branch is for PyTorch; one that asks something else than the framework is taken."""
    return not re.search(r"['\"](tf|tensorflow|jax|flax|keras)['\"]", condition) or "!=" in condition


def _blocks(text: str, name: str, lines: Sequence[str]) -> list[Example]:
    tokens = parsed_markdown(text)
    among_python = any(block.is_python for token in tokens for block in blocks_of(token))
    examples: list[Example] = []
    last, paragraphs = None, 0  # the example that an output would belong to, and what stands between
    for token in tokens:
        if token.type == "heading_open":
            last = None
        elif token.type == "paragraph_open":
            paragraphs += 1
        elif token.type == "inline" and token.children:
            examples += _inline(token, name, lines)
        for block in blocks_of(token):
            if block.is_python or (among_python and block.is_python_among_python):
                last, paragraphs = len(examples), 0
                code, expected = block.session
                examples.append(Example(name, str(block.line), block.line, code, expected=expected))
            elif last is not None and (block.is_output or _is_nearby(block, examples[last], paragraphs)):
                examples[last] = replace(examples[last], expected=examples[last].expected + block.content)
            else:
                paragraphs = NEARBY + 1
    return examples


def _is_nearby(block: Block, example: Example, paragraphs: int) -> bool:
    """Whether a block that does not say what it is shows what the example before it gives."""
    return block.may_be_output and paragraphs <= NEARBY and not example.expected


def _inline(token: Token, name: str, lines: Sequence[str]) -> Iterator[Example]:
    """The calls of `pipeline` in a sentence. One without arguments only names the function."""
    start, end = token.map or [0, 0]
    for child in token.children or ():
        if child.type != "code_inline" or "pipeline(" not in child.content:
            continue
        try:
            tree = ast.parse(child.content.strip(), mode="exec")
        except (SyntaxError, ValueError):
            continue
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _called(node) == "pipeline"]
        if not any(call.args or call.keywords for call in calls):
            continue
        line = next((n + 1 for n in range(start, end) if child.content[:40] in lines[n]), start + 1)
        yield Example(name, str(line), line, child.content.strip(), kind="inline")


def _called(call: ast.Call) -> str:
    return str(getattr(call.func, "id", None) or getattr(call.func, "attr", ""))


def _notebook(content: str, name: str) -> list[Example]:
    try:
        import nbformat
    except ImportError:
        raise UsageError(MISSING) from None
    notebook: Any = nbformat.reads(content, as_version=4)
    examples: list[Example] = []
    for number, cell in enumerate(notebook.cells, 1):
        if cell.cell_type == "code" and cell.source.strip():
            code, shown = without_prompts(cell.source) if has_prompts(cell.source) else (cell.source, "")
            examples.append(Example(name, f"cell {number}", 1, code, expected=shown or _outputs(cell)))
        elif cell.cell_type == "markdown":
            found = _blocks(cell.source, name, cell.source.splitlines())
            examples += [replace(one, place=f"cell {number}, line {one.line}") for one in found]
    return examples


def _outputs(cell: Any) -> str:
    texts = []
    for output in cell.get("outputs", ()):
        if output.output_type == "stream":
            texts.append(output.text)
        elif "data" in output:
            texts.append(output.data.get("text/plain", ""))
    return "\n".join("".join(text) if isinstance(text, list) else text for text in texts)
