"""Documents without any mark around their code."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip(
    "markdown_it", reason="reading a course needs the extra [course]: pip install markdown-it-py nbformat"
)

from suite.course.documents.reader import read_document

PAGE = """Pipelines

Install the library with pip install transformers. Importing it takes a moment, so
import it once (see below).

from transformers import pipeline
# Load the default
classifier = pipeline(
    "sentiment-analysis",
    device=-1,
)

def ask(text):
    # one text

    return classifier(text)[0]

print(ask("fine"))
[{'label': 'POSITIVE', 'score': 0.99}]

Continue with a list
of texts; return to it later.

classifier(["good", "bad"])
Output: two labels

### 2. Names
import torch
In [2]:
torch.ones(1).sum()
"""


def read(tmp_path: Path, text: str) -> list[tuple[int, str]]:
    (tmp_path / "page.txt").write_text(text)
    return [(one.line, one.code) for one in read_document(tmp_path / "page.txt", "page.txt").examples]


def test_code_begins_with_an_import_and_ends_with_the_first_line_of_prose(tmp_path: Path) -> None:
    found = read(tmp_path, PAGE)
    assert [line for line, _ in found] == [6, 24, 28, 30]
    assert found[0][1] == "\n".join(PAGE.splitlines()[5:18])
    assert [code for _, code in found[1:]] == ['classifier(["good", "bad"])', "import torch", "torch.ones(1).sum()"]


def test_where_there_is_a_fence_the_text_is_prose(tmp_path: Path) -> None:
    assert read(tmp_path, "import torch\n\ntorch.ones(1)\n\n```python\nx = 1\n```\n") == [(6, "x = 1\n")]


@pytest.mark.parametrize(
    "prose",
    [
        "print(1) prints a one.\nprint(1)",
        "From transformers import what you need.",
        "import duties rise",
        "def is a keyword\nclassifier(text)",
        "x = 1\ny = f(x)",
    ],
)
def test_prose_is_no_code(tmp_path: Path, prose: str) -> None:
    assert read(tmp_path, prose) == []


def test_a_name_in_a_sentence_is_no_code_after_an_import_either(tmp_path: Path) -> None:
    text = "import torch\n\nBackends\n\ncontinue\n\nNote: this takes long\n\ntorch\n"
    assert read(tmp_path, text) == [(1, "import torch")]


def test_code_that_is_never_whole_ends_soon(tmp_path: Path) -> None:
    text = "import torch\nx = torch.ones(\n" + "words and more words\n" * 5_000
    assert read(tmp_path, text) == [(1, "import torch")]


def test_a_block_ends_where_it_is_no_python_any_more(tmp_path: Path) -> None:
    text = "import torch\nfor one in range(2):\n    print(one)\n\n    As you see, it counts.\n\nDone.\n"
    assert read(tmp_path, text) == [(1, "import torch\nfor one in range(2):\n    print(one)")]


def test_a_long_block_is_read_at_once(tmp_path: Path) -> None:
    body = "".join(f"    x = {number}\n" for number in range(5_000))
    ((line, code),) = read(tmp_path, f"import torch\ndef f():\n{body}")
    assert (line, code.count("\n")) == (1, 5_001)


def test_a_session_is_code_with_its_outputs(tmp_path: Path) -> None:
    text = (
        "Type ipython.\n\nIn [1]: import torch\n\nIn [2]: torch.ones(1)\nOut[2]: tensor([1.])\n\nThat was all.\n\n"
        ">>> import math\n>>> math.pi\n3.14\nmore\n\nThe end.\n\n>>> Send a message (/? for help)\n"
    )
    (tmp_path / "page.txt").write_text(text)
    found = read_document(tmp_path / "page.txt", "page.txt").examples
    assert [(one.line, one.code.split("\n")[0], one.expected) for one in found] == [
        (3, "import torch", "tensor([1.])\n"),
        (10, "import math", "3.14\nmore\n"),
    ]
