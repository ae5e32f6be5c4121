"""Code blocks as documents have them: indented, without a language, in the tags of another system, and outputs."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip(
    "markdown_it", reason="reading a course needs the extra [course]: pip install markdown-it-py nbformat"
)

from suite.course.documents.model import Example
from suite.course.documents.python_source import parse, python_source
from suite.course.documents.reader import read_document

PYTHON = '```python\nfrom transformers import pipeline\nclassifier = pipeline("ner")\n```\n'


def examples(tmp_path: Path, text: str) -> list[Example]:
    (tmp_path / "page.md").write_text(text)
    found = list(read_document(tmp_path / "page.md", "page.md").examples)
    for one in found:
        first = next(number for number, line in enumerate(one.code.splitlines()) if line.strip())
        assert one.text in text.splitlines()[one.line - 1 + first], one
    return found


def texts(tmp_path: Path, text: str) -> list[str]:
    return [one.text for one in examples(tmp_path, text)]


def test_indented_code_is_code(tmp_path: Path) -> None:
    text = "Write:\n\n    from transformers import pipeline\n    pipe = pipeline(1)\n\nand then:\n\n\tpipe([1])\n"
    assert texts(tmp_path, text) == ["from transformers import pipeline", "pipe([1])"]


def test_a_fence_indented_too_far_is_a_fence(tmp_path: Path) -> None:
    text = "1. Install it.\n\n       ```python\n       import torch\n\n       torch.ones(1)\n       ```\n"
    (found,) = examples(tmp_path, text)
    assert found.code == "import torch\n\ntorch.ones(1)\n"


@pytest.mark.parametrize("body", ["", "\n", "  \n\n"])
def test_a_fence_with_nothing_in_it_is_no_example(tmp_path: Path, body: str) -> None:
    """Found by atheris: it was run, and said to work. What stands below it is nobody's output."""
    text = f"```python\n{body}```\n\n```\n[1]\n```\n\n{PYTHON}"
    (found,) = examples(tmp_path, text)
    assert found.text == "from transformers import pipeline"
    assert not found.expected


def test_a_session_needs_no_language(tmp_path: Path) -> None:
    (found,) = examples(tmp_path, "```\n>>> import torch\n>>> torch.ones(1)\ntensor([1.])\n```\n")
    assert (found.code.split(), found.expected) == (["import", "torch", "torch.ones(1)"], "tensor([1.])\n")


@pytest.mark.parametrize(
    "code",
    [
        'classifier("fine")',
        "print(classifier.model)",
        'scores = [one["score"] for one in found]',
        "for one in found:\n    one.pop()",
        "def ask(text):\n    return classifier(text)",
        "model.config.label = 1",
    ],
)
def test_a_block_that_does_something_is_code_among_python(tmp_path: Path, code: str) -> None:
    block = f"```\n{code}\n```\n"
    assert texts(tmp_path, PYTHON + block)[1:] == [code.partition("\n")[0]]
    assert texts(tmp_path, block) == []


@pytest.mark.parametrize(
    "shown",
    [
        "[{'label': 'POSITIVE', 'score': 0.99}]",
        "tensor([[1, 2]])",
        "torch.Size([2, 2])",
        "BaseModelOutput(last_hidden_state=tensor([1]), hidden_states=None)",
        "{'a': tensor([1]), 'b': array([2])}",
        "loss: 0.5",
        "Field: b'name' = b'alice'",
        "Bonjour",
        "16000",
        "bert-base-uncased\n\ngpt2",
        "!pip install transformers",
        "Traceback (most recent call last):\n    from transformers import AdamW\nImportError: no",
    ],
)
def test_a_block_that_shows_something_is_what_came_out(tmp_path: Path, shown: str) -> None:
    for between in ("", "It gives:\n\n"):
        (found,) = examples(tmp_path, f"{PYTHON}\n{between}```\n{shown}\n```\n")
        assert found.expected == f"{shown}\n"


@pytest.mark.parametrize(
    "between", ["## Another thing\n", "One.\n\nTwo.\n\n", "```bash\nls\n```\n", '```python\nclassifier("a")\n```\n']
)
def test_what_came_out_stands_nearby(tmp_path: Path, between: str) -> None:
    assert examples(tmp_path, f"{PYTHON}\n{between}\n```\n[1]\n```\n")[0].expected == ""


def test_only_the_first_block_after_is_what_came_out(tmp_path: Path) -> None:
    (found,) = examples(tmp_path, f"{PYTHON}\n```\n[1]\n```\n\n```json\n{{}}\n```\n\n```text\n[2]\n```\n")
    assert found.expected == "[1]\n"


def test_code_that_is_broken_is_code_all_the_same(tmp_path: Path) -> None:
    text = "```\nfrom transformers import pipeline\ndef ask(text):\nreturn pipeline(text)\n```\n"
    assert texts(tmp_path, text) == ["from transformers import pipeline"]


@pytest.mark.parametrize(
    "info",
    [
        "python",
        "Python",
        "py",
        "{python}",
        "{.python .numberLines}",
        "python{1,3}",
        "python:main.py",
        'py title="a.py"',
    ],
)
def test_a_language_is_told_in_many_ways(tmp_path: Path, info: str) -> None:
    assert texts(tmp_path, f"```{info}\nx = 1\n```\n") == ["x = 1"]


def test_other_languages_are_not_python(tmp_path: Path) -> None:
    for info in ("bash", "js", "python-traceback", "pythonish", "diff"):
        assert texts(tmp_path, f"```{info}\nimport torch\n```\n") == []


@pytest.mark.parametrize(
    "tags",
    [
        ("{% highlight python %}", "{% endhighlight %}"),
        ("{%- highlight python linenos -%}", "{%- endhighlight -%}"),
        ('{{< highlight python "linenos=table" >}}', "{{< /highlight >}}"),
    ],
)
def test_the_tags_of_site_generators_are_fences(tmp_path: Path, tags: tuple[str, str]) -> None:
    assert texts(tmp_path, f"Before.\n{tags[0]}\nx = 1\n{tags[1]}\nAfter.\n") == ["x = 1"]


@pytest.mark.parametrize("info", ["{code-cell} ipython3", "{code-cell}", "{code-block} python"])
@pytest.mark.parametrize("options", ["", ":tags: [hide-input]\n:name: first\n", "---\ntags: [a]\n---\n"])
def test_a_directive_s_options_are_no_code(tmp_path: Path, info: str, options: str) -> None:
    (found,) = examples(tmp_path, f"```{info}\n{options}x = 1\n```\n\n```{{note}}\nimport a\n```\n")
    assert (found.code, found.line) == ("\n" * options.count("\n") + "x = 1\n", 2)


def test_of_two_frameworks_pytorch_is_read(tmp_path: Path) -> None:
    text = (
        "<frameworkcontent>\n<pt>\n```py\n>>> import torch\n\n>>> a = 1\n```\n</pt>\n"
        "<tf>\n```py\n>>> import tensorflow as tf\n\n>>> b = 2\n```\n</tf>\n</frameworkcontent>\n\n```py\nc = 3\n```\n"
    )
    assert texts(tmp_path, text) == ["import torch", "c = 3"]


def test_a_framework_s_tag_that_is_not_closed_hides_nothing(tmp_path: Path) -> None:
    assert texts(tmp_path, "<tf>\n\n```py\na = 1\n```\n\n<pt>\n\n```py\nb = 2\n```\n") == ["a = 1", "b = 2"]


def test_a_fence_right_after_a_tag_is_a_fence(tmp_path: Path) -> None:
    text = (
        "<details>\n<summary>Solution</summary>\n```python\na = 1\n\nb = 2\n```\n</details>\n\n```python\nc = 3\n```\n"
    )
    assert [one.code for one in examples(tmp_path, text)] == ["a = 1\n\nb = 2\n", "c = 3\n"]


@pytest.mark.parametrize("info", ["", "text", "txt", "plaintext"])
def test_code_may_be_called_text(tmp_path: Path, info: str) -> None:
    text = f"```{info}\nimport torch\n```\n\n```{info}\ntorch.ones(1)\n```\n\n```{info}\ntensor([1.])\n```\n"
    found = examples(tmp_path, text)
    assert [one.text for one in found] == ["import torch", "torch.ones(1)"]
    assert found[1].expected == "tensor([1.])\n"


def test_a_fence_that_is_never_closed_ends_before_the_next(tmp_path: Path) -> None:
    text = (
        "```bash\npip install a\n\nThen:\n\n```python\na = 1\n```\n\n```python\nb = 2\n\n```python\nc = 3\n```\nEnd.\n"
    )
    assert [one.code for one in examples(tmp_path, text)] == ["a = 1\n", "b = 2\n", "c = 3\n"]


def test_a_fence_may_show_how_fences_are_written(tmp_path: Path) -> None:
    shown = "```markdown\nWrite:\n\n```python\nx = 1\n```\n"
    assert texts(tmp_path, f"{shown}\n```python\ny = 2\n```\n") == ["y = 2"]
    assert texts(tmp_path, f"````\n{shown}```\n````\n\n```python\ny = 2\n```\n") == ["y = 2"]


@pytest.mark.parametrize("slipped", ["python\n", "Python\nCopy code\n", "\npython\n"])
def test_a_language_may_have_slipped_into_the_block(tmp_path: Path, slipped: str) -> None:
    (found,) = examples(tmp_path, f"```\n{slipped}import torch\n```\n")
    assert found.code == "\n" * slipped.count("\n") + "import torch\n"


def test_a_command_may_go_on_after_a_backslash() -> None:
    assert python_source("!pip install \\\n    a \\\n    b\nx = 1") == "pass\n\n\nx = 1"


def test_shell_lines_may_have_a_blank() -> None:
    assert python_source("! pip install transformers\nx = 1") == "pass\nx = 1"


@pytest.mark.parametrize(
    "code", ["same = (\n    a\n    != b\n)", "left = (\n    a\n    %b\n)", 'page = """\n!important\n%s\n"""']
)
def test_what_only_looks_like_a_magic_is_left_as_it_is(code: str) -> None:
    assert python_source(code) == code
    parse(code)


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("print(score)\n\n", "score: 0.9327, start: 30, end: 54\n"),
        ("tokenizer.tokenize(text)\n\n", "\u7ed3\u679c\uff1a['a', 'b']\n"),
        ("print(out)\n", "[{'a': tensor([1])}]\n"),
        ("load_dataset(name)\n", "Dataset({\n    features: ['a'],\n    num_rows: 3\n})\n"),
        ("for word in words:\n    print(word)\n", "one word\nanother word\n"),
    ],
)
def test_what_stands_under_the_code_is_what_came_out(tmp_path: Path, code: str, shown: str) -> None:
    (found,) = examples(tmp_path, f"```python\n{code}{shown}```\n")
    assert (found.code, found.expected) == (code, shown)


@pytest.mark.parametrize(
    "code",
    [
        "x = 1\nprint(x\n",
        "print(x)\ny = = 2\n",
        "print(x)\nfor one in some\n    print(one)\n",
        "print(x)\nif x\n",
        "model.eval()\nclassifier(\n    'a'\n    device=-1,\n)\n",
        "Tokenizer\n↓\nModel\n",
        "x = 1\nand so on\n",
        "x = 1\n[x, 2]\n",
        "print(1)\nx.shape, y.shape\n",
        "print(1)\n[f(2), 3]\n",
        'print(1)\nDatasetDict({"train": a})\n',
        "transformers>=4.30.0\ntorch>=2.0.0\n",
    ],
)
def test_broken_code_is_not_taken_for_what_came_out(tmp_path: Path, code: str) -> None:
    (found,) = examples(tmp_path, f"```python\n{code}```\n")
    assert (found.code, found.expected) == (code, "")
