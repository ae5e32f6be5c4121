"""Documents of courses, read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip(
    "markdown_it", reason="reading a course needs the extra [course]: pip install markdown-it-py nbformat"
)

from suite.core.errors import UsageError
from suite.course.documents.model import Example
from suite.course.documents.python_source import parse, python_source, without_prompts
from suite.course.documents.reader import find_documents, read_document

COURSE = """# Title

Say `pipeline("summarization")` or `pipeline()`; `print(1)` is no example.

1. A list:
   ```python
   from transformers import pipeline
   ```
   ```python out
   [{'label': 'POSITIVE'}]
   ```

{#if fw === 'pt'}
```py
torch_only = 1
```
{:else}
```py
tensorflow_only = 1
```
{/if}

```bash
pip install transformers
```

```python
>>> x = 1
>>> for i in range(2):
...     print(i)
0
1
```

```
import requests
```

```
just words
```
"""


@pytest.fixture
def examples(tmp_path: Path) -> list[Example]:
    (tmp_path / "page.mdx").write_text(COURSE)
    return list(read_document(tmp_path / "page.mdx", "page.mdx").examples)


def test_every_form_is_found_at_its_line(examples: list[Example]) -> None:
    lines = COURSE.splitlines()
    assert [one.text for one in examples] == [
        'pipeline("summarization")',
        "from transformers import pipeline",
        "torch_only = 1",
        "x = 1",
        "import requests",
    ]
    for one in examples:
        shown = lines[one.line - 1]
        assert one.text in shown, (one, shown)
    assert [one.kind for one in examples] == ["inline", "block", "block", "block", "block"]
    assert examples[0].id == "page.mdx:3"


def test_documented_output_belongs_to_the_code_above(examples: list[Example]) -> None:
    assert examples[1].expected == "[{'label': 'POSITIVE'}]\n"
    assert examples[3].expected == "0\n1\n"
    assert examples[2].expected == ""


def test_prompts_are_taken_off_and_lines_keep_their_place(examples: list[Example]) -> None:
    assert examples[3].code.splitlines()[:3] == ["x = 1", "for i in range(2):", "    print(i)"]


@pytest.mark.parametrize(
    ("session", "code", "output"),
    [
        (">>> x = [\n    1,\n\n    2,\n]\n>>> x\n[1, 2]", "x = [\n    1,\n\n    2,\n]\nx", "[1, 2]\n"),
        (">>> f(\n  1)\n{'a': 1}", "f(\n  1)", "{'a': 1}\n"),
        (">>> for i in y:\n    a(i)\n    b(i)\n0", "for i in y:\n    a(i)\n    b(i)", "0\n"),
        (">>> for i in y:\n>>>     if i:\n            a(i)", "for i in y:\n    if i:\n            a(i)", ""),
        ("  >>> f(\n      1,\n  )\n  2", "f(\n    1,\n)", "2\n"),
        (">>> f(\n... 1,\n2)\n3", "f(\n1,\n2)", "3\n"),
        (">>> for i in y:\n    %time a(i)\n0", "for i in y:\n    %time a(i)", "0\n"),
        (">>> f(\nnever closed\n>>> 1", "f(\n\n1", "never closed\n"),
    ],
)
def test_a_session_may_go_on_without_a_prompt(session: str, code: str, output: str) -> None:
    read, shown = without_prompts(session)
    assert (read.rstrip("\n"), shown) == (code, output)


def test_a_notebook_s_cells_are_numbered(tmp_path: Path) -> None:
    pytest.importorskip("nbformat", reason="notebooks need the extra [course]: pip install nbformat")
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": 'Call `pipeline("ner")`.'},
        {
            "cell_type": "code", "metadata": {}, "execution_count": 1, "source": ["!pip install x\n", "print(2)"],
            "outputs": [{"output_type": "stream", "name": "stdout", "text": ["2\n"]}],
        },
    ]  # fmt: skip
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    (tmp_path / "n.ipynb").write_text(json.dumps(notebook))
    inline, code = read_document(tmp_path / "n.ipynb").examples
    assert (inline.place, code.place) == ("cell 1, line 1", "cell 2")
    assert code.expected == "2\n"
    assert python_source(code.code) == "pass\nprint(2)"


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff\xfe\x00", b'{"cells": 3}', b""])
def test_a_damaged_notebook_is_reported_and_stops_nothing(tmp_path: Path, content: bytes) -> None:
    pytest.importorskip("nbformat", reason="notebooks need the extra [course]: pip install nbformat")
    (tmp_path / "n.ipynb").write_bytes(content)
    document = read_document(tmp_path / "n.ipynb")
    assert document.problem
    assert not document.examples


def test_a_document_that_is_no_text_is_read_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_bytes(bytes(range(256)) + b"\n```py\nx = 1\n```\n")
    assert [one.text for one in read_document(tmp_path / "a.md").examples] == ["x = 1"]


def test_a_folder_is_searched_and_hidden_ones_are_not(tmp_path: Path) -> None:
    for name in ("b.md", "a.ipynb", ".git/c.md", "sub/d.MDX", "e.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [file.name for file in find_documents([tmp_path])] == ["a.ipynb", "b.md", "d.MDX"]
    with pytest.raises(UsageError, match="no course"):
        find_documents([tmp_path / "absent"])


def test_magics_and_shell_lines_become_pass() -> None:
    assert python_source("%matplotlib inline\nif x:\n    !ls\nlen?\nfiles = !ls\ny = 5 % 3") == (
        "pass\nif x:\n    pass\npass\npass\ny = 5 % 3"
    )
    assert python_source("%%bash\nls -l\n") == "pass\npass"
    assert parse("%%time\nx = 1").body
    with pytest.raises(SyntaxError):
        parse("x = = 1")
