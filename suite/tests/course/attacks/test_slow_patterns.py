"""The attack: texts for which a careless pattern takes seconds to hours."""

from __future__ import annotations

import time

import pytest

from suite.course.documents.model import Example
from suite.course.documents.reply import LONGEST_MESSAGE, LONGEST_NAME, MOST_WARNINGS
from suite.course.documents.result import ExampleResult
from suite.course.stand_ins.access_log import Note
from suite.course.verdicts.document_state import DocumentState
from suite.course.verdicts.judge import judge

UNITS = (
    " ", "\n", "\n ", "a", "A", "a.", "A.", "a_", "'", "`", "`a", "`a.", "``a", "(", "(\n", "[", "<", "{", "-", "...",
    "..., ", "Token", "TOKEN", "Error\n", "AError", "requires ", "install ", "Can't find '", "nltk.download('a",
    "tensor(", "x: 1,", "np.", "https://hf.co/", "/path", "utils", "my_", "Got ",
)  # fmt: skip
ERRORS = (
    "ImportError", "ModuleNotFoundError", "NameError", "KeyError", "TypeError", "ValueError", "AttributeError",
    "OSError", "HfUriError", "JSONDecodeError", "SyntaxError", "AssertionError",
)  # fmt: skip
SECONDS = 2.0
"""A careless pattern takes longer, whatever the machine; a linear one a few hundredths."""
TRIES = 3
CODE = "x = 1"


def seconds(result: ExampleResult, code: str = CODE, expected: str = "") -> float:
    """The processor's time that the verdict takes: the least of a few tries, as a crowded machine lengthens some."""
    taken: list[float] = []
    while len(taken) < TRIES and min(taken, default=SECONDS) >= SECONDS:
        begun = time.thread_time()
        judge(Example("a.md", "1", 1, code, expected=expected), result, [], DocumentState())
        taken.append(time.thread_time() - begun)
    return min(taken)


@pytest.mark.parametrize("unit", UNITS)
def test_a_reply_takes_no_time(unit: str) -> None:
    """Every field of a result as long as a reply may make it."""
    text, name = (unit * LONGEST_MESSAGE)[:LONGEST_MESSAGE], (unit * LONGEST_NAME)[:LONGEST_NAME]
    note = Note("host", name, "refused", {"reply": name})
    output = "[" + (unit * 20_000)[:19_990]
    for error in (*ERRORS, name):
        attributes = {"name": text, "filename": text, "causes": text}
        assert seconds(ExampleResult((error,), text, attributes=attributes, notes=[note])) < SECONDS, error
    assert seconds(ExampleResult(warnings=(text,) * MOST_WARNINGS)) < SECONDS
    assert seconds(ExampleResult(output=output, values=(output,)), expected="{'a': 1}") < SECONDS


@pytest.mark.parametrize("unit", UNITS)
def test_what_a_document_shows_takes_no_time(unit: str) -> None:
    expected = (unit * 20_000)[:20_000]
    assert seconds(ExampleResult(("ValueError",), "x"), expected=expected) < SECONDS
    assert seconds(ExampleResult(values=("[1]",)), expected="[" + expected[:-2]) < SECONDS


@pytest.mark.parametrize("code", ["getenv('" + "TOKEN" * 4_000, "environ.get('" + "A" * 20_000, "(" + " " * 20_000])
def test_the_code_takes_no_time(code: str) -> None:
    assert seconds(ExampleResult(("TypeError",), "NoneType"), code) < SECONDS
