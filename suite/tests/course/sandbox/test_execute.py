"""An example does what it does for its reader: the runner adds nothing to Python and takes nothing away."""

from __future__ import annotations

import contextlib
import doctest
import importlib
import io
from collections.abc import Iterator
from typing import Any

import pytest

from suite.course.documents.model import Example
from suite.course.documents.result import ExampleResult
from suite.course.sandbox import execute as execution
from suite.course.sandbox.execute import execute

MODULES = (
    "ast", "bisect", "calendar", "collections", "copy", "dataclasses", "decimal", "difflib", "doctest", "enum",
    "fractions", "functools", "heapq", "inspect", "ipaddress", "json", "pickle", "random", "re", "statistics", "string",
    "textwrap", "types", "typing", "urllib.parse", "weakref", "zipfile",
)  # fmt: skip
"""Of the standard library: all whose docstrings hold sessions that need nothing but themselves."""


@pytest.fixture(autouse=True)
def _a_new_document() -> Iterator[None]:
    execution._compiler.cache_clear()
    yield
    execution._compiler.cache_clear()


def run(code: str, namespace: dict[str, Any] | None = None) -> ExampleResult:
    with open(1, "w", closefd=False) as stdout, contextlib.redirect_stdout(stdout):  # as in a document's process
        return execute(Example("a.md", "0", 1, code), {"__name__": "__main__"} if namespace is None else namespace)


def test_annotations_are_evaluated() -> None:
    result = run("def add(a: int) -> float: ...\nprint(add.__annotations__)")
    assert result.output == "{'a': <class 'int'>, 'return': <class 'float'>}\n"


def test_a_name_that_is_missing_in_an_annotation_is_an_error() -> None:
    assert run("def one(x: UndefinedThing): ...").error[0] == "NameError"


def test_the_documents_own_future_holds_for_what_follows() -> None:
    namespace: dict[str, Any] = {"__name__": "__main__"}
    assert not run("from __future__ import annotations\ndef one(x: UndefinedThing): ...", namespace).error
    assert not run("def two(x: AnotherUndefinedThing): ...", namespace).error


def sessions() -> list[doctest.DocTest]:
    finder = doctest.DocTestFinder()
    found = [test for name in MODULES for test in finder.find(importlib.import_module(name), name) if test.examples]
    return [test for test in found if "# doctest:" not in (test.docstring or "")]


def outside(sources: list[str], namespace: dict[str, Any]) -> list[tuple[str, str]]:
    """What plain Python prints, and the class of what it raises, of one source after another."""
    seen = []
    for source in sources:
        error, printed = "", io.StringIO()
        with contextlib.redirect_stdout(printed):
            try:
                exec(compile(source, "<session>", "exec", dont_inherit=True), namespace)
            except Exception as raised:
                error = type(raised).__name__
        seen.append((printed.getvalue(), error))
    return seen


def inside(sources: list[str], namespace: dict[str, Any]) -> list[tuple[str, str]]:
    results = [run(source, namespace) for source in sources]
    return [(result.output, result.error[0].rpartition(".")[2] if result.error else "") for result in results]


def test_sessions_of_the_standard_library_end_as_they_do_outside() -> None:
    different, compared = [], 0
    for session in sessions():
        sources = [example.source for example in session.examples]
        expected = outside(sources, session.globs | {"__name__": "__main__"})
        if expected != outside(sources, session.globs | {"__name__": "__main__"}):
            continue  # it draws at random, counts, or shows an address
        compared += len(sources)
        if inside(sources, session.globs | {"__name__": "__main__"}) != expected:
            different.append(session.name)
    assert different == []
    assert compared >= 200
