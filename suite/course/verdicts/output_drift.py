"""The drift check: whether the output that a document shows still has the type, keys and depth of the real one.

Values are never compared: a stand-in answers, and models change. What does not parse as data is not compared either.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from typing import Any

OBJECT = re.compile(r"<[^<>\n]*>")
CALL = re.compile(r"\b(?:np\.)?(?:tensor|array|float32|float64|int64|float16)\(")
REST = re.compile(r",?\s{0,80}(?:\.\.\.|…)\s{0,80},?")
LONGEST = 20_000


def drift(expected: str, outputs: Iterable[str]) -> str:
    """How the expected output differs in kind from every real one, in words; empty where it does not or is unclear."""
    expected_data = parsed(expected)
    if not isinstance(expected_data, dict | list | tuple) or not expected_data:
        return ""
    actual = [value for text in outputs if (value := parsed(text)) is not None]
    differences = [difference(expected_data, value) for value in actual]
    if not differences or not all(differences):
        return ""
    return differences[-1]


def parsed(text: str) -> Any:
    """The data that a text shows, or `None`."""
    text = text.strip()
    if not text or len(text) > LONGEST or text[0] not in "[{(":
        return None
    plain = REST.sub(", ", OBJECT.sub("None", CALL.sub("(", text))).replace("[, ", "[").replace("{, ", "{")
    try:
        return ast.literal_eval(plain)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return None


def difference(expected: Any, actual: Any, where: str = "the output") -> str:
    """Where two values differ in kind, in words; empty if they do not."""
    if _kind(expected) != _kind(actual):
        return f"{where} is {_article(actual)} now, and was {_article(expected)}"
    if isinstance(expected, dict):
        return _keys(expected, actual, where)
    if isinstance(expected, list | tuple) and expected and actual:
        return difference(expected[0], actual[0], f"the first item of {where}")
    return ""


def _keys(expected: dict[Any, Any], actual: dict[Any, Any], where: str) -> str:
    if not all(isinstance(key, str) for key in (*expected, *actual)):
        return ""
    gone, new = sorted(set(expected) - set(actual)), sorted(set(actual) - set(expected))
    if gone or new:
        changes = [f"lacks {', '.join(map(repr, gone))}"] if gone else []
        changes += [f"has {', '.join(map(repr, new))} besides"] if new else []
        return f"{where} {' and '.join(changes)}"
    return next(
        (change for key in expected if (change := difference(expected[key], actual[key], f"{where}[{key!r}]"))), ""
    )


def _kind(value: Any) -> str:
    if value is None:
        return "anything"
    if isinstance(value, bool | int | float | complex):
        return "number"
    if isinstance(value, list | tuple):
        return "list"
    return type(value).__name__


def _article(value: Any) -> str:
    return {"number": "a number", "list": "a list", "dict": "a dict", "str": "a text"}.get(_kind(value), _kind(value))
