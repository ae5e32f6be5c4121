"""Documents made to break their reader: each costs itself, in a sentence and in seconds, and never the run."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip(
    "markdown_it", reason="reading a course needs the extra [course]: pip install markdown-it-py nbformat"
)
pytest.importorskip("nbformat", reason="notebooks need the extra [course]: pip install nbformat")

from suite.core.errors import UsageError
from suite.core.printable import printable
from suite.course.documents.reader import read_document
from suite.course.lint import lint, usage_hints
from suite.course.run import beside, read_courses, read_skips
from suite.course.verdicts.judge import runs_nothing

SECONDS = 30.0
"""Of a processor, which may be a slow one."""
GOOD = "```python\nx = 1\n```\n"


def fenced(code: str) -> str:
    """A page with one example."""
    return f"```python\n{code}\n```\n"


def cell(source: Any, outputs: Any = ()) -> dict[str, Any]:
    """A code cell."""
    return {"cell_type": "code", "metadata": {}, "execution_count": 1, "source": source, "outputs": outputs}


def notebook(*cells: Any, **other: Any) -> str:
    """A notebook of version 4."""
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4, **other})


DOCUMENTS = {
    "attributes.md": fenced("import transformers\ntokenizer" + ".b" * 900 + ".batch_encode_plus(1)"),
    "calls.md": fenced("import transformers\ntokenizer" + ".b()" * 900 + ".batch_encode_plus(1)"),
    "many-attributes.md": fenced("import transformers\n" + ("tokenizer" + ".b" * 900 + ".encode_plus(1)\n") * 60),
    "attribute-in-a-sentence.md": "Say `pipeline(1)" + ".a" * 5000 + "`.\n",
    "parentheses.md": fenced("import a\nx = " + "(" * 5000 + ")" * 5000),
    "parentheses-in-a-sentence.md": "Say `pipeline(" + "(" * 5000 + ")" * 5000 + ")`.\n",
    "signs.md": fenced("import a\nx = " + "-" * 100_000 + "1"),
    "signs-in-a-sentence.md": "Say `pipeline(" + "-" * 50_000 + "1)`.\n",
    "lambdas.md": fenced("import a\nx = " + "lambda:" * 5000 + "1"),
    "sum.md": fenced("import a\nx = " + "1+" * 20_000 + "1"),
    "null.md": fenced("import a\nx = 1\0"),
    "number.md": fenced("import a\nx = " + "9" * 5000),
    "fences.md": "```\n" * 50_000,
    "open-fences.md": "```python\n" * 50_000,
    "branches.md": "{#if fw === 'pt'}\n" * 20_000,
    "highlights.md": "{% highlight python %}\n" * 20_000,
    "tables.md": "|a" * 20_000 + "\n" + "|-" * 20_000 + "\n" + ("|a\n" * 20_000),
    "unclosed.md": "\n".join("from a import (b" for _ in range(500)),
    "options.md": "```{code-cell} python\n---\n" + "\n---" * 50_000 + "```\n",
    "prompts.md": "\n".join(">>> f(" for _ in range(20_000)),
    "quote.md": ">" * 20_000 + " x\n",
    "braces.md": fenced("x = = " + "{{" * 400_000),
    "blanks.md": fenced("import a\n" + " " * 900_000 + "x = = 1"),
    "large.md": "word\n" * 300_000,
    "surrogate.ipynb": notebook(cell("x = '\ud800'"), {"cell_type": "markdown", "metadata": {}, "source": "\udfff"}),
    "without-cells.ipynb": '{"metadata": {}, "nbformat": 4, "nbformat_minor": 4}',
    "cells-3.ipynb": notebook(cells=3),
    "cells-odd.ipynb": notebook(1, "a", None, []),
    "source-number.ipynb": notebook(cell(3)),
    "source-numbers.ipynb": notebook(cell([1, 2])),
    "source-null.ipynb": notebook(cell(None)),
    "outputs-3.ipynb": notebook(cell("x", 3)),
    "outputs-odd.ipynb": notebook(cell("x", [3, None, {"output_type": "stream", "text": 5}, {"data": 3}])),
    "data-text.ipynb": notebook(cell("x", [{"output_type": "execute_result", "data": "text/plain"}])),
    "data-number.ipynb": notebook(cell("x", [{"output_type": "execute_result", "data": {"text/plain": 7}}])),
    "many-outputs.ipynb": notebook(cell("x", [{"output_type": "stream", "name": "stdout", "text": "a"}] * 200_000)),
    "many-cells.ipynb": notebook(*[cell("x")] * 20_000),
    "version-text.ipynb": notebook(cell("x"), nbformat="a"),
    "version-9.ipynb": notebook(cell("x"), nbformat=9),
    "version-infinite.ipynb": '{"nbformat": 1e999, "cells": []}',
    "version-3.ipynb": '{"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": [3]}]}',
    "version-2.ipynb": '{"nbformat": 2, "worksheets": 3}',
    "nested.ipynb": "[" * 100_000,
    "nested-metadata.ipynb": notebook().replace("{}", '{"a":' * 900 + "1" + "}" * 900),
    "digits.ipynb": notebook().replace("4", "9" * 5000),
}
PROBLEMS = {
    "large.md": "it is larger than 1 MB: split it, or leave out its pictures and outputs",
    "without-cells.ipynb": "missing an expected key: cells",
    "many-cells.ipynb": "it has more than 10,000 cells",
    "source-number.ipynb": "the source of a cell is not text",
    "nested.ipynb": "RecursionError",
}


def check(file: Path, seconds: float = SECONDS) -> tuple[str, list[str]]:
    """Read, check and look through a document as lint-course and a run do; its problem, and the printed lines."""
    started = time.thread_time()
    (document,), findings = lint.lint([file], {})
    lines = lint.lines([document], findings)
    for line in lines:
        assert printable(line) == line
    usage_hints.checkpoint_hints([document])
    usage_hints.preloads([document])
    for example in document.examples:
        runs_nothing(example.code)
    assert time.thread_time() - started < seconds
    return document.problem, lines


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_costs_itself(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_text(DOCUMENTS[name], encoding="utf-8", errors="surrogatepass")
    problem, _ = check(file)
    assert PROBLEMS.get(name, "") in problem


def test_a_deep_example_is_no_python_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(DOCUMENTS["lambdas.md"])
    assert check(tmp_path / "a.md")[1] == [f"{tmp_path}/a.md:2: broken: it is no Python: it nests too deeply"]


def test_a_notebook_of_100_mb_of_outputs_is_left_unread(tmp_path: Path) -> None:
    file = tmp_path / "n.ipynb"
    file.write_text(notebook(cell("x", [{"output_type": "stream", "name": "stdout", "text": "a" * 100_000_000}])))
    assert read_document(file).problem.startswith("it is larger than 50 MB")


def test_an_output_that_no_page_shows_is_left_out(tmp_path: Path) -> None:
    outputs = [{"output_type": "stream", "name": "stdout", "text": "a" * 1_000_000}]
    (tmp_path / "n.ipynb").write_text(notebook(cell("x", outputs), cell("y", [{**outputs[0], "text": ["1\n", "2"]}])))
    assert [one.expected for one in read_document(tmp_path / "n.ipynb").examples] == ["", "1\n2"]


def test_a_search_that_takes_too_long_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("suite.course.documents.reader.READING_SECONDS", 0.05)
    (tmp_path / "a.md").write_text(DOCUMENTS["unclosed.md"])
    assert read_document(tmp_path / "a.md").problem == "to read it takes longer than 0.05 s: split it"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems take no such names")
@pytest.mark.parametrize(("name", "shown"), [(b"caf\xe9.md", "caf\\xe9.md"), (b"a\x1b[2J\n.md", "a\\x1b[2J\\x0a.md")])
def test_a_file_name_that_no_terminal_takes(tmp_path: Path, name: bytes, shown: str) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_text(GOOD)
    (read,) = read_courses([tmp_path], tmp_path)
    assert [example.id for example in read.document.examples] == [f"{shown}:2"]


def test_links_that_lead_in_circles(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(GOOD)
    links: Mapping[str, str] = {"b.md": "b.md", "c.md": "d.md", "d.md": "c.md", "up": "..", "here": ".", "gone.md": "x"}
    for name, target in links.items():
        (tmp_path / name).symlink_to(target)
    reads = read_courses([tmp_path], tmp_path)
    assert [read.document.path for read in reads] == ["a.md"]
    assert "b.md" not in beside(reads[0].file)
    assert read_document(tmp_path / "b.md").problem.startswith("it cannot be read (")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"example,reason\ncaf\xe9.md:1,x\n", "is not UTF-8 text: save it"),
        (b"example,reason\na.md:1," + b"x" * 200_000 + b"\n", "cannot be read as CSV"),
        (b"example\na.md:1\n", "needs the columns"),
    ],
)
def test_a_skip_list_that_is_no_table(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "touchstone-skip.csv"
    file.write_bytes(content)
    with pytest.raises(UsageError, match=words):
        read_skips(file)
