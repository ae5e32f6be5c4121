"""Whether the output that a document shows is still of the kind that the code gives: its type, keys and depth.

Values are never compared: a stand-in answers, and models change. What does not parse as data is not compared either.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from typing import Any

OBJECT = re.compile(r"<[^<>\n]*>")
CALL = re.compile(r"\b(?:np\.)?(?:tensor|array|float32|float64|int64|float16)\(")
REST = re.compile(r",?\s*(?:\.\.\.|…)\s*,?")
LONGEST = 20_000


def drift(expected: str, outputs: Iterable[str]) -> str:
    """How the shown output differs in kind from every real one, in words; empty where it does not or nobody can say."""
    wanted = parsed(expected)
    if not isinstance(wanted, dict | list | tuple) or not wanted:
        return ""
    found = [value for text in outputs if (value := parsed(text)) is not None]
    differences = [difference(wanted, value) for value in found]
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


def difference(wanted: Any, found: Any, where: str = "the output") -> str:
    """Where two values differ in kind, in words; empty if they do not."""
    if _kind(wanted) != _kind(found):
        return f"{where} is {_article(found)} now, and was {_article(wanted)}"
    if isinstance(wanted, dict):
        return _keys(wanted, found, where)
    if isinstance(wanted, list | tuple) and wanted and found:
        return difference(wanted[0], found[0], f"the first item of {where}")
    return ""


def _keys(wanted: dict[Any, Any], found: dict[Any, Any], where: str) -> str:
    if not all(isinstance(key, str) for key in (*wanted, *found)):
        return ""
    gone, new = sorted(set(wanted) - set(found)), sorted(set(found) - set(wanted))
    if gone or new:
        changes = [f"lacks {', '.join(map(repr, gone))}"] if gone else []
        changes += [f"has {', '.join(map(repr, new))} besides"] if new else []
        return f"{where} {' and '.join(changes)}"
    return next((told for key in wanted if (told := difference(wanted[key], found[key], f"{where}[{key!r}]"))), "")


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
