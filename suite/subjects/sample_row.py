"""One row of `--samples`, whatever file it stands in: its values, or what is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from suite.core.errors import UsageError
from suite.core.printable import listed, shortened

REQUIRED = ("input", "truth")
COLUMNS = ("id", *REQUIRED, "slice")
"""All that is read of a table."""
ONE_A_LINE = 'write {"input": ..., "truth": ...}'
MOST_SLICES = 20
"""Of one sample."""
LONGEST_SLICE = 80
DEEPEST = 100
"""Levels of lists and objects in a row: whatever goes through them has to come back."""


@dataclass(frozen=True)
class Row:
    """One row: where it stands ("line 3"), its number from 1, and its values, or what keeps it from being read.

    `is_text` is whether its format knows texts alone, so that a number or a list is written as one.
    """

    place: str
    number: int
    values: Mapping[str, Any] = field(default_factory=dict)
    problem: str | None = None
    is_text: bool = False


def refuse_repeats(names: Sequence[str], file: Path) -> None:
    """Refuse a table with two columns of one name, of which either may be meant.

    Raises:
        UsageError: it has.
    """
    double = [name for name in COLUMNS if names.count(name) > 1]
    if double:
        raise UsageError(f"--samples {file} has several columns {double[0]!r}: keep the one that is meant.")


def checked(place: str, number: int, value: Any, is_text: bool = False) -> Row:
    """A row with its values, if it has both of those that are needed."""
    if not isinstance(value, dict):
        return Row(place, number, problem=f"is not an object: {ONE_A_LINE}")
    if _is_deep(value):
        return Row(place, number, problem=f"nests more than {DEEPEST} levels deep: write flat objects")
    missing = [key for key in REQUIRED if key not in value]
    if missing:
        keys = listed([repr(key) for key in value], 10) or "nothing"
        problem = f"lacks {' and '.join(map(repr, missing))} (it has {keys}): every sample needs both"
        return Row(place, number, problem=problem)
    empty = [key for key in REQUIRED if _is_missing(value[key], is_text)]
    if "truth" in empty:
        how = "is empty" if is_text else "is null"
        problem = f"has a truth that {how}: without the right answer nothing can be scored; write it, or leave out the"
        return Row(place, number, problem=f"{problem} {place.partition(' ')[0]}")
    if empty:
        return Row(place, number, problem=f"has an input that is {'empty' if is_text else 'null'}: write it")
    return Row(place, number, value, is_text=is_text)


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(DEEPEST):
        values = (one.values() if isinstance(one, dict) else one for one in level if isinstance(one, dict | list))
        level = [inner for several in values for inner in several if isinstance(inner, dict | list)]
        if not level:
            return False
    return True


def _is_missing(value: Any, is_text: bool) -> bool:
    return value is None or (is_text and value == "") or (isinstance(value, float) and value != value)  # noqa: PLR0124


def readings(row: Row) -> Iterator[Mapping[str, Any]]:
    """The values as they are; of texts alone, also with the truth, the input or both as the JSON that they spell."""
    yield row.values
    if not row.is_text:
        return
    parsed = {key: value for key in REQUIRED if (value := _as_json(row.values[key])) is not None}
    for keys in (("truth",), ("input",), REQUIRED):
        if all(key in parsed for key in keys):
            yield {**row.values, **{key: parsed[key] for key in keys}}


def _as_json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def slices_of(value: Any) -> tuple[str, ...]:
    """The slices that a row names: one, a list of them, or none.

    Raises:
        ValueError: it is neither.
    """
    if value is None or value == "":
        return ()
    several = value if isinstance(value, list) else [value]
    if len(several) > MOST_SLICES:
        raise ValueError(f"it names {len(several)} slices, and {MOST_SLICES} are read: name fewer")
    if not all(isinstance(name, str | int) and str(name).strip() for name in several):
        raise ValueError(f"the slice {shortened(repr(value), 80)} is neither a name nor a list of names")
    return tuple(dict.fromkeys(shortened(str(name).strip(), LONGEST_SLICE) for name in several))
