"""An example's result as JSON: bounded where it is written, and checked field by field where it is read.

Whoever writes it has run a stranger's code and may have been made to write anything: what is read here is mere data.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from suite.course.documents.plain_text import is_plain, plain
from suite.course.documents.result import TIMEOUT, ExampleResult
from suite.course.stand_ins.access_log import Note, read_note

LONGEST_REPLY = 2_000_000
"""Bytes. No result is longer that `encode` has made."""
LONGEST_OUTPUT = 20_000
LONGEST_VALUES = LONGEST_NOTES = 100_000
"""Characters, of all values or of all notes together."""
LONGEST_MESSAGE = 2_000
LONGEST_NAME = 300
LONGEST_WARNING = 600
MOST_NAMES, MOST_VALUES, MOST_WARNINGS, MOST_NOTES = 50, 500, 100, 500
MOST_LINES = 10_000_000
ATTRIBUTES = ("name", "filename", "status_code", "code", "causes")
TERMINATION = re.compile(rf"(?:SIG[A-Z\d]{{1,20}}|exit code \d{{1,3}}|{TIMEOUT})?")


def encode(index: int, result: ExampleResult) -> dict[str, Any]:
    """A result for JSON, with the number of its request; texts and lists are cut to what `decode` accepts."""
    attributes = {name: result.attributes[name] for name in ATTRIBUTES if name in result.attributes}
    return {
        "index": index,
        "error": [plain(name, LONGEST_NAME) for name in result.error[:MOST_NAMES]],
        "message": plain(result.message, LONGEST_MESSAGE),
        "line": min(max(result.line, 0), MOST_LINES),
        "frames": [plain(name, LONGEST_NAME) for name in result.frames[-MOST_NAMES:]],
        "attributes": {name: plain(text, LONGEST_MESSAGE) for name, text in attributes.items()},
        "output": plain(result.output, LONGEST_OUTPUT),
        "values": _values(result.values),
        "warnings": [plain(text, LONGEST_WARNING) for text in result.warnings[:MOST_WARNINGS]],
        "notes": _notes(result.notes),
        "termination": result.termination,
    }


def _values(values: Iterable[str]) -> list[str]:
    kept: list[str] = []
    left = LONGEST_VALUES
    for value in values:
        kept.append(plain(value, min(LONGEST_OUTPUT, left)))
        left -= len(kept[-1])
    return kept[:MOST_VALUES]


def _notes(notes: Iterable[Note]) -> list[dict[str, Any]]:
    """Each note once, as far as there is room."""
    different = {json.dumps(asdict(note), sort_keys=True): asdict(note) for note in notes}
    kept: list[dict[str, Any]] = []
    left = LONGEST_NOTES
    for text, note in different.items():
        left -= len(text)
        if left < 0:
            break
        kept.append(note)
    return kept[:MOST_NOTES]


def parse_reply(line: bytes) -> dict[str, Any]:
    """A line of JSON as a dictionary, of which nothing is checked yet.

    Raises:
        ValueError: it is none.
    """
    try:
        reply = json.loads(line.decode(), parse_constant=_refuse, parse_float=_refuse)
    except RecursionError:
        raise ValueError("a reply is nested too deeply") from None
    if not isinstance(reply, dict):
        raise ValueError("a reply is not a dictionary")
    return reply


def _refuse(text: str) -> Any:
    raise ValueError(f"no field of a reply is a number like {text[:20]}")


def decode(reply: dict[str, Any]) -> ExampleResult:
    """The result in a reply.

    Raises:
        ValueError: a field is missing, unknown, of another type, or longer than `encode` makes it.
    """
    fields = dict(reply)
    fields.pop("index", None)
    try:
        result = ExampleResult(
            error=_texts(fields.pop("error"), MOST_NAMES, LONGEST_NAME),
            message=_text(fields.pop("message"), LONGEST_MESSAGE),
            line=_line(fields.pop("line")),
            frames=_texts(fields.pop("frames"), MOST_NAMES, LONGEST_NAME),
            attributes=_attributes(fields.pop("attributes")),
            output=_text(fields.pop("output"), LONGEST_OUTPUT),
            values=_texts(fields.pop("values"), MOST_VALUES, LONGEST_OUTPUT),
            warnings=_texts(fields.pop("warnings"), MOST_WARNINGS, LONGEST_WARNING),
            notes=_read_notes(fields.pop("notes")),
            termination=_text(fields.pop("termination"), LONGEST_NAME),
        )
    except KeyError as error:
        raise ValueError(f"a reply lacks {error}") from None
    if fields or sum(map(len, result.values)) > LONGEST_VALUES or not TERMINATION.fullmatch(result.termination):
        raise ValueError("a reply has what no result has")
    return result


def _text(value: object, longest: int) -> str:
    if not isinstance(value, str) or not is_plain(value, longest):
        raise ValueError(f"a field of a reply is not a plain text of at most {longest} characters")
    return value


def _texts(value: object, most: int, longest: int) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > most:
        raise ValueError(f"a field of a reply is not a list of at most {most} texts")
    return tuple(_text(text, longest) for text in value)


def _line(value: object) -> int:
    if type(value) is not int or not 0 <= value <= MOST_LINES:
        raise ValueError("a field of a reply is not the number of a line")
    return value


def _attributes(value: object) -> dict[str, str]:
    if not isinstance(value, dict) or not set(value) <= set(ATTRIBUTES):
        raise ValueError("a reply has attributes that no result has")
    return {name: _text(text, LONGEST_MESSAGE) for name, text in value.items()}


def _read_notes(value: object) -> list[Note]:
    if not isinstance(value, list) or len(value) > MOST_NOTES:
        raise ValueError(f"the notes of a reply are not a list of at most {MOST_NOTES}")
    notes = [note for data in value if (note := read_note(data)) is not None]
    if len(notes) < len(value) or sum(map(_size, notes)) > LONGEST_NOTES:
        raise ValueError("a reply has notes that are none")
    return notes


def _size(note: Note) -> int:
    return sum(map(len, (note.subject, note.outcome, *note.details, *map(str, note.details.values()))))
