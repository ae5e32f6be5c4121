"""Makes objects that match a JSON schema: structured outputs, and the arguments of tool calls.

No library makes an object from a schema and a given text; those that make random ones serve tests, not readers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

DEPTH = 8
"""Levels below which a schema that holds itself is answered with nothing more."""
FORMATS = {
    "date": "2024-01-01",
    "date-time": "2024-01-01T12:00:00Z",
    "time": "12:00:00",
    "email": "anna@example.com",
    "uri": "https://example.com",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


def example(schema: Mapping[str, Any], text: str) -> Any:
    """An object that a schema allows, with `text` wherever it wants a string of no given form."""
    return _example(schema, text, schema, 0)


def _example(schema: Any, text: str, root: Mapping[str, Any], depth: int) -> Any:
    if not isinstance(schema, Mapping):
        return text
    schema = _resolved(schema, root)
    for key in ("const", "default"):
        if schema.get(key) is not None:
            return schema[key]
    if schema.get("enum"):
        return next((choice for choice in schema["enum"] if str(choice).lower() in text.lower()), schema["enum"][0])
    for key in ("anyOf", "oneOf"):
        if schema.get(key):
            return _example(schema[key][0], text, root, depth + 1)
    if schema.get("allOf"):
        schema = {**schema, **{key: value for part in schema["allOf"] for key, value in _resolved(part, root).items()}}
    kind = _kind(schema)
    if kind == "object":
        inner = schema.get("properties") or {}
        names = schema.get("required", inner) if depth < DEPTH else ()
        return {name: _example(inner.get(name), text, root, depth + 1) for name in inner if name in names}
    if kind == "array":
        # One item, unless more are asked for: a list that a reader goes through should not be empty.
        count = max(1, int(schema.get("minItems") or 1)) if depth < DEPTH else 0
        return [_example(schema.get("items"), text, root, depth + 1) for _ in range(count)]
    if kind in ("integer", "number"):
        least = schema.get("minimum", schema.get("exclusiveMinimum", 0) + bool("exclusiveMinimum" in schema))
        number = max(least, 1) if schema.get("maximum", 1) >= 1 else least
        return int(number) if kind == "integer" else float(number)
    if kind in ("boolean", "null"):
        return True if kind == "boolean" else None
    return FORMATS.get(schema.get("format", ""), text[: schema.get("maxLength") or None])


def _resolved(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema, or the one of the same document that it refers to."""
    reference = schema.get("$ref", "")
    if not reference.startswith("#"):
        return schema
    node: Any = root
    for part in filter(None, reference[1:].split("/")):
        node = node.get(part, {}) if isinstance(node, Mapping) else {}
    return node if isinstance(node, Mapping) else {}


def _kind(schema: Mapping[str, Any]) -> str:
    """The type, in lower case: Gemini writes it in capitals."""
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), "null")
    return str(kind).lower() if kind else "object" if "properties" in schema else "string"
