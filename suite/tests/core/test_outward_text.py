"""Texts from outside in terminals, spreadsheets and Markdown: shown, and nothing more."""

from __future__ import annotations

import csv
import io

import pytest
from markdown_it import MarkdownIt

from suite.core.markdown_text import code, escape
from suite.core.printable import one_line, printable
from suite.core.spreadsheet import guard, unguard

NASTY = [
    "[click](https://evil.example)", "![x](https://evil.example/x.png)", "<script>alert(1)</script>",
    "<img src=x onerror=y>",
    "a | b", "a \\| b", "a \\\\| b", "`` ` ``", "`", "```\ncode", "*bold* _it_ __b__ ~~s~~", "<https://evil.example>",
    "x\n| new | row |\n\n# heading", "[ref]: https://evil.example", "&lt;b&gt; &#60;", "1. list", "- list",
    "# head", "> quote",
    "$x$", "a\\", "_", "![][x]", "<!-- comment", "[x][y]", "| |", "\\", "\u2028x", "a\tb",
]  # fmt: skip


def cells(markdown: str) -> list[list[str]]:
    """The texts of a table as a reader sees them; fails where anything but text and code stands in it."""
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    rows: list[list[str]] = []
    for token in parser.parse(markdown):
        assert token.type not in ("html_block", "fence", "code_block", "blockquote_open", "bullet_list_open")
        if token.type == "tr_open":
            rows.append([])
        for child in token.children or []:
            assert child.type in ("text", "code_inline"), (child.type, markdown)
        if token.type == "inline":
            rows[-1].append("".join(child.content for child in token.children or []))
    return rows


@pytest.mark.parametrize("text", NASTY)
def test_a_text_is_shown_as_it_is_in_a_cell_of_a_table(text: str) -> None:
    expected = one_line(text)
    for cell in (escape(text), code(text)):
        assert cells(f"| a | b |\n|---|---|\n| {cell} | {cell} |\n")[1] == [expected, expected]


def test_usual_texts_keep_their_looks() -> None:
    sentence = "it uses max_new_tokens=5 and AutoModel.from_pretrained('x/y-z'), at 100 %: use dtype & device (see 3.)"
    assert escape(sentence) == sentence
    assert code("chapter1/3.mdx:223") == "`chapter1/3.mdx:223`"


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx", "'x", "''", "'=1", "x", "", "a=b", "'"]
)
def test_a_guarded_text_is_no_formula_and_comes_back(text: str) -> None:
    guarded = guard(text)
    assert not guarded.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert unguard(guarded) == text
    stream = io.StringIO(newline="")
    csv.writer(stream).writerow([guarded, "x"])
    assert next(csv.reader(io.StringIO(stream.getvalue(), newline="")))[0] == guarded


def test_numbers_stay_numbers() -> None:
    assert [guard(value) for value in (-1, -0.5, None, True)] == [-1, -0.5, None, True]


def test_control_characters_are_written_out() -> None:
    assert printable("a\x1b[31mb\x00\x7f\x9b\r\nc\td\re") == "a\\x1b[31mb\\x00\\x7f\\x9b\nc\td\\x0de"
    assert printable("\u202egnp.exe\udcff") == "\\u202egnp.exe\\xff"
    assert printable("naïve 日本語 👩‍🔬 עברית") == "naïve 日本語 👩‍🔬 עברית"
    assert one_line(" a\n\n b\x1b ") == "a b\\x1b"
