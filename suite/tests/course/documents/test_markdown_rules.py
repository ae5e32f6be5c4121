"""The rules that the Markdown parser gets for courses: where they apply, where they do not, and how long they take."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

pytest.importorskip(
    "markdown_it", reason="reading a course needs the extra [course]: pip install markdown-it-py nbformat"
)

from suite.course.documents.blocks import parse_markdown
from suite.course.documents.reader import read_document

PYTHON = "```python\nx = 1\n```\n"
BRANCH = "{#if fw === 'pt'}\n```py\na = 1\n```\n{:else}\n```py\nb = 2\n```\n{/if}\n"
LISTED = "- Item:\n\n" + "".join(f"  {line}\n" for line in BRANCH.splitlines()) + "\n  ```py\n  c = 3\n  ```\n"


def codes(tmp_path: Path, text: str) -> list[str]:
    (tmp_path / "page.md").write_text(text)
    document = read_document(tmp_path / "page.md", "page.md")
    assert not document.problem
    return [example.code for example in document.examples]


@pytest.mark.parametrize("mark", ["", "> ", "> > "])
def test_branches_are_chosen_inside_quotes(tmp_path: Path, mark: str) -> None:
    text = "".join(f"{mark}{line}\n" for line in BRANCH.splitlines())
    assert codes(tmp_path, f"{text}\n{PYTHON}") == ["a = 1\n", "x = 1\n"]


def test_branches_are_chosen_inside_lists(tmp_path: Path) -> None:
    assert codes(tmp_path, LISTED) == ["a = 1\n", "c = 3\n"]


def test_branches_nest(tmp_path: Path) -> None:
    inner = "{#if other}\n" + BRANCH + "{/if}\n"
    assert codes(tmp_path, "{#if fw === 'pt'}\n" + inner + "{:else}\n" + inner + "{/if}\n") == ["a = 1\n"]


def test_a_branch_that_is_not_closed_in_its_quote_hides_nothing_after_it(tmp_path: Path) -> None:
    assert codes(tmp_path, f"> {{#if fw === 'tf'}}\n> gone\n\n{BRANCH}{PYTHON}") == ["a = 1\n", "x = 1\n"]


@pytest.mark.parametrize("line", ["{#if fw === 'tf'}", "{:else}", "<tf>", "{% highlight python %}"])
def test_code_is_left_as_it_is(tmp_path: Path, line: str) -> None:
    code = f'page = """\n{line}\n"""\n'
    assert codes(tmp_path, f"```python\n{code}```\n\n{PYTHON}") == [code, "x = 1\n"]


def test_a_fence_that_is_never_closed_ends_with_its_branch(tmp_path: Path) -> None:
    assert codes(tmp_path, f"{{#if fw === 'pt'}}\n```py\na = 1\n{{:else}}\ngone\n{{/if}}\n\n{PYTHON}") == [
        "a = 1\n",
        "x = 1\n",
    ]


def test_a_highlight_inside_a_list_ends_with_its_tag(tmp_path: Path) -> None:
    text = f"- Item:\n\n  {{% highlight python %}}\n  a = 1\n  {{% endhighlight %}}\n\n  More.\n\n{PYTHON}"
    assert codes(tmp_path, text) == ["a = 1\n", "x = 1\n"]


@pytest.mark.parametrize("html", ["<script>\nx\n</script>", "<details>\n<!-- note -->", "<p>text\n</p>"])
def test_a_fence_right_under_html_is_a_fence(tmp_path: Path, html: str) -> None:
    assert codes(tmp_path, f"{html}\n{PYTHON}") == ["x = 1\n"]


def test_a_fence_in_a_comment_is_none(tmp_path: Path) -> None:
    assert codes(tmp_path, f"<!--\n<details>\n{PYTHON}-->\n\n```python\ny = 2\n```\n") == ["y = 2\n"]


def test_indented_fences_are_read_with_the_text_between_them(tmp_path: Path) -> None:
    shown = "       ```python\n       x()\n       ```\n\n       It gives:\n\n       ```\n       1\n       ```\n"
    (tmp_path / "page.md").write_text(f"1. Install it.\n\n{shown}")
    (example,) = read_document(tmp_path / "page.md").examples
    assert (example.line, example.code, example.expected) == (4, "x()\n", "1\n")


def test_lines_of_tags_and_hidden_branches_are_reported() -> None:
    lines = [line for passed_over in parse_markdown(BRANCH).passed_over for line in passed_over]
    assert lines == [0, 4, 5, 6, 7, 8]


HOSTILE = {
    "blank lines in a block": "```\n" + "\n" * 26 + "x\n```\n",
    "blank lines": "\n" * 30_000 + "x",
    "blanks in a branch": "{#if" + " " * 30_000 + "x\n",
    "blanks in a tag": "{% highlight python" + " " * 30_000 + "x\n",
    "tildes": "~" * 30_000 + "`\n",
    "fences in lists": "- ```a\nx\n" * 3_000,
    "frameworks": "<tf>\n" * 5_000,
    "branches": "{#if fw === 'pt'}\n" * 3_000,
    "tags": "<pre></pre>\n" * 3_000,
    "scripts above fences": "<script>\n```python\nx\n```\n" * 1_500,
    "indentation": "".join(" " * (4 * n) + "```\n" for n in range(300)),
    "templates": "```python\nx = = 1 " + "{{" * 10_000 + "\n```\n",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_document_is_read_in_time(tmp_path: Path, text: str) -> None:
    (tmp_path / "page.md").write_text(text)
    started = time.process_time()
    assert not read_document(tmp_path / "page.md").problem
    assert time.process_time() - started < 30
