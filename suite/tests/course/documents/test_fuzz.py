"""Random documents: reading raises nothing but a UsageError, and every example stands in its document."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip(
    "markdown_it", reason="reading a course needs the extra [course]: pip install markdown-it-py nbformat"
)
pytest.importorskip("nbformat", reason="notebooks need the extra [course]: pip install nbformat")
pytest.importorskip("hypothesis", reason="fuzzing needs the extra [dev]: pip install hypothesis")

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from suite.core.printable import printable
from suite.course.documents.model import Document
from suite.course.documents.reader import read_document
from suite.course.lint import lint

BOUNDED = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
"""The same documents at every run, so that CI fails on what a change broke."""
PIECES = (
    "```", "```python", "```py out", "~~~", "`pipeline('x')`", "`pipeline(", ">>> ", "... ", "In [1]: ", "Out[1]: ",
    "{#if fw === 'pt'}", "{:else}", "{/if}", "<tf>", "</tf>", "<frameworkcontent>", "{% highlight python %}",
    "{% endhighlight %}", "```{code-cell}", "---", ":name: a", "import transformers", "from a import (b", "x = [",
    "]", "tokenizer.encode_plus(", ")", "pipeline('summarization')", "%%bash", "!ls \\", "    ", "\t", "- ", "1. ",
    "> ", "|a|b|", "|---|---|", "# Title", "<div>", "<!--", "-->", "{{", "%}", "\0", "\ufeff", "\u2028", "\x85", "\r",
    '"""', "\\", "f'{", "lambda: ", "if x:", "Traceback (most recent call last)", "ValueError: no",
)  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=12), max_size=25).map("\n".join)
RUNS = st.lists(st.sampled_from(PIECES) | st.text(max_size=12), max_size=25).map("".join)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
OUTPUTS = st.lists(
    ANYTHING
    | st.fixed_dictionaries(
        {"output_type": st.sampled_from(["stream", "execute_result", "display_data", "error"]) | ANYTHING},
        optional={"text": ANYTHING, "data": st.fixed_dictionaries({"text/plain": ANYTHING}) | ANYTHING},
    ),
    max_size=3,
)
CELLS = ANYTHING | st.fixed_dictionaries(
    {
        "cell_type": st.sampled_from(["code", "markdown", "raw", "heading"]),
        "source": TEXTS | st.lists(TEXTS) | ANYTHING,
    },
    optional={"metadata": ANYTHING, "outputs": OUTPUTS | ANYTHING, "attachments": ANYTHING, "input": TEXTS | ANYTHING},
)
NOTEBOOKS = st.fixed_dictionaries(
    {"nbformat": st.sampled_from([1, 2, 3, 4, 4, 4, 5]) | ANYTHING, "nbformat_minor": st.integers(0, 5) | ANYTHING},
    optional={
        "cells": st.lists(CELLS, max_size=3) | ANYTHING,
        "metadata": ANYTHING,
        "worksheets": st.lists(st.fixed_dictionaries({"cells": st.lists(CELLS, max_size=3)}) | ANYTHING, max_size=2),
    },
)


def read(file: Path) -> Document:
    """Read and check a document as lint-course does; its lines can be printed."""
    (document,), findings = lint.lint([file], {})
    for line in lint.lines([document], findings):
        assert printable(line) == line
    assert document.problem == "" or not document.examples
    return document


def in_order(document: Document, lines: int) -> None:
    """Every example lies in the document, and none stands twice."""
    for example in document.examples:
        assert 1 <= example.line <= lines
        assert example.line + example.code.rstrip("\n").count("\n") <= lines
        assert example.text


@BOUNDED
@given(text=TEXTS | RUNS)
def test_a_page(tmp_path: Path, text: str) -> None:
    file = tmp_path / "a.mdx"
    file.write_text(text, encoding="utf-8", errors="surrogatepass")
    document = read(file)
    assert not document.problem
    in_order(document, len(file.read_bytes().decode(errors="replace").splitlines()))


@BOUNDED
@given(content=st.binary(max_size=200), suffix=st.sampled_from([".md", ".ipynb", ".txt"]))
def test_bytes(tmp_path: Path, content: bytes, suffix: str) -> None:
    file = tmp_path / f"a{suffix}"
    file.write_bytes(content)
    read_document(file)


@BOUNDED
@given(notebook=NOTEBOOKS)
def test_a_notebook(tmp_path: Path, notebook: object) -> None:
    file = tmp_path / "a.ipynb"
    file.write_text(json.dumps(notebook))
    for example in read(file).examples:
        assert example.place.startswith("cell ")


@BOUNDED
@given(text=TEXTS)
def test_a_page_reads_alike_twice(tmp_path: Path, text: str) -> None:
    file = tmp_path / "a.md"
    file.write_text(text, encoding="utf-8", errors="surrogatepass")
    assert read_document(file) == read_document(file)
