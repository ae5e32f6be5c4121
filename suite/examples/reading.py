"""Documents of a course, read: Markdown, MDX, plain text that is Markdown, and Jupyter notebooks."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from suite.errors import UsageError
from suite.examples.document import Document, Example
from suite.examples.source import has_prompts, is_python, without_prompts

if TYPE_CHECKING:
    from markdown_it.token import Token

MARKDOWN = (".md", ".mdx", ".markdown", ".qmd", ".rmd", ".txt")
NOTEBOOK = ".ipynb"
PYTHON = {"python", "py", "python3", "py3", "ipython", "ipython3", "pycon", "python-repl", "pyodide"}
OUTPUT = {"out", "output", "trace", "console-output"}
"""The second word of a fence that shows what came out."""
LARGEST = 50_000_000
BRANCH = re.compile(
    r"\s*\{\s*(#if\s+(?P<condition>.*?)|(?P<otherwise>:else(\s+if\s+(?P<next>.*?))?)|(?P<end>/if))\s*\}\s*$"
)
MISSING = (
    "Reading a course needs markdown-it-py and nbformat: pip install 'touchstone-bench[course]', or both of them alone."
)


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
    lines = _chosen_branch(content.splitlines())
    return _blocks("\n".join(lines), name, lines)


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


def _is_torch(condition: str) -> bool:
    """Whether a branch is for PyTorch; one that asks something else than the framework is taken."""
    return not re.search(r"['\"](tf|tensorflow|jax|flax|keras)['\"]", condition) or "!=" in condition


def _blocks(text: str, name: str, lines: Sequence[str]) -> list[Example]:
    examples: list[Example] = []
    follows = False
    for token in _parser().parse(text):
        if token.type == "fence" and token.map:
            language, *words = token.info.strip().strip("{}").replace(",", " ").split() or [""]
            language = language.lower().lstrip(".")
            if language in PYTHON and OUTPUT.intersection(word.lower() for word in words):
                if follows and examples:
                    examples[-1] = replace(examples[-1], expected=examples[-1].expected + token.content)
            elif language in PYTHON or (not language and is_python(token.content)):
                examples.append(_block(token, name))
                follows = True
        elif token.type == "inline" and token.children:
            examples += _inline(token, name, lines)
        elif token.type == "heading_open":
            follows = False
    return examples


def _block(token: Token, name: str) -> Example:
    line = (token.map or [0, 0])[0] + 2
    code, expected = without_prompts(token.content) if has_prompts(token.content) else (token.content, "")
    return Example(name, str(line), line, code, expected=expected)


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


def _parser() -> Any:
    try:
        from markdown_it import MarkdownIt
    except ImportError:
        raise UsageError(MISSING) from None
    return MarkdownIt("commonmark", {"html": True}).enable("table")
