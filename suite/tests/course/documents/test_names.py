"""The names that code reads, binds and changes, and what they stand for."""

from __future__ import annotations

import ast

import pytest

from suite.course.documents.names import (
    QualifiedNames,
    assigned_names,
    assigned_texts,
    bound_names,
    changed_names,
    imports,
    last_name,
    read_names,
)

CODE = """import a.b, c.d as e
from f import g as h
from . import i
j = k(h)
class L:
    m = n
    async def o(self, p):
        q = j
        return p + q
async def r(): ...
for s, (t, u["v"]) in e: w.x = y
[z for z in j]
j.append(1)
j["a"].b.c(2)
print(j)
"""


def test_bound_names_are_those_outside_definitions() -> None:
    assert bound_names(CODE) == {"a", "e", "h", "i", "j", "L", "r", "s", "t", "z"}
    assert bound_names(CODE, before=5) == {"a", "e", "h", "i", "j"}


def test_assigned_names_stand_in_definitions_too() -> None:
    assert assigned_names(CODE) == {"j", "m", "q", "s", "t", "z"}


def test_changed_names_are_roots_from_a_line_on() -> None:
    assert changed_names(CODE, 1) == {"u", "w", "j", "print"}
    assert changed_names(CODE, 13) == {"j", "print"}
    assert changed_names("for a in b:\n    c.d = a\n    e()\n", 3) == {"c", "e"}


@pytest.mark.parametrize(
    ("code", "read"),
    [
        ("a = b\nc = a + d", ["b", "d"]),
        ("a = a + 1", ["a"]),
        ("def f(): return g()\nf()", ["g"]),
        ("async def f(): ...\nf()", []),
        ("import a.b\na.b.c(d)", ["d"]),
        ("b\na\nb", ["b", "a"]),
        ("%time a = b\nx", ["x"]),
        ("del a", []),
    ],
)
def test_read_names_are_not_bound_before(code: str, read: list[str]) -> None:
    assert read_names(code) == read


def test_code_that_is_no_python_has_no_names() -> None:
    assert bound_names("x = = 1") == assigned_names("x = = 1") == changed_names("x = = 1", 1) == set()
    assert read_names("x = = 1") == []


def test_imports_have_full_names() -> None:
    tree = ast.parse("import a.b, c.d as e\nfrom f.g import h as i\nfrom .j import k\nfrom . import l")
    found = [(one.bound, one.target) for node in tree.body for one in imports(node)]
    assert found == [("a", "a"), ("e", "c.d"), ("i", "f.g.h"), ("k", ".j.k"), ("l", ".l")]


def test_names_stand_for_imports_and_for_what_was_assigned() -> None:
    names = QualifiedNames()
    for statement in ast.parse("import a.b as c\nd = c.E()\ndef f(): ...\nfrom .g import h").body:
        names.learn(statement)
        names.assign(statement)
    found = {text: names.of(ast.parse(text, mode="eval").body) for text in ("c.x", "d.y", "f()", "z.y", "1", "h")}
    assert found == {"c.x": "a.b.x", "d.y": "a.b.E().y", "f()": "", "z.y": "z.y", "1": "", "h": ".g.h"}


def test_code_may_nest_without_end() -> None:
    code = "a = b" + ".c" * 2_000 + "\nd = e" + " + f" * 2_000
    assert read_names(code) == ["b", "e", "f"]
    names = QualifiedNames({"b": "g"})
    assert names.of(ast.parse(code).body[0].value) == "", "no library has such a name"  # type: ignore[attr-defined]
    assert names.of(ast.parse("b" + ".c" * 15, mode="eval").body) == "g" + ".c" * 15


def test_texts_and_last_names() -> None:
    assert assigned_texts(ast.parse("a = b = 'x'\nc = 1\na = 'y'")) == {"a": "y", "b": "x"}
    assert [last_name(ast.parse(text, mode="eval").body) for text in ("a", "a.b", "a()")] == ["a", "b", ""]
