"""Samples in text files: JSON Lines, JSON in the shapes that others write, and CSV."""

from __future__ import annotations

import csv
import gc
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from suite.core.errors import UsageError
from suite.core.printable import shortened
from suite.subjects.sample_row import COLUMNS, REQUIRED, Row, checked, refuse_repeats

LARGEST_FILE = 2**29
"""Bytes of a file of rows."""
LARGEST_DOCUMENT = 2**26
"""Bytes of a file that is one JSON value, which is parsed as a whole."""
LONGEST_CELL = 2**24
"""Characters of a cell in a CSV file."""
MOST_EMPTY_LINES = 1_000_000
"""Of a file: half a gigabyte can be nothing else."""
DELIMITERS = (",", ";", "\t")


def line_rows(path: Path) -> Iterator[Row]:
    """JSON Lines. Only a newline ends a line: JSON's texts may hold other separators as they are."""
    with _lines(path, newline="\n") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield _from_line(f"line {number}", number, line)


def _from_line(place: str, number: int, line: str) -> Row:
    try:
        return checked(place, number, json.loads(line, object_pairs_hook=_without_repeats))
    except RecursionError:
        return Row(place, number, problem="nests too deeply: write one flat object per line")
    except ValueError as error:
        return Row(place, number, problem=f"is not JSON ({error}): write one object per line")


def _parsed(text: str) -> Any:
    """A JSON document. It holds no circles, for which Python would look again and again: five times as long, of one
    that is made of little else than empty lists.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        return json.loads(text, object_pairs_hook=_without_repeats)
    finally:
        if collects:
            gc.enable()


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; one that has a key twice says two things, of which Python would take the last.

    Raises:
        ValueError: it has.
    """
    value = dict(pairs)
    if len(value) < len(pairs):
        (double, _), *_ = Counter(key for key, _ in pairs).most_common(1)
        raise ValueError(f"{shortened(double)!r} is there twice in one object")
    return value


def json_rows(path: Path) -> Iterator[Row]:
    """One JSON value, in the shapes that pandas and others write; or lines after all."""
    text = _content(path, LARGEST_DOCUMENT)
    try:
        document = _parsed(text)
    except RecursionError:
        raise UsageError(f"--samples {path} nests too deeply: write a list of flat objects.") from None
    except ValueError as error:
        lines = [line for line in text.split("\n") if line.strip()]
        if len(lines) > 1 and lines[0].strip().startswith("{") and lines[0].strip().endswith("}"):
            yield from line_rows(path)
            return
        raise UsageError(f"--samples {path} is not JSON ({error}): write a list of objects.") from None
    rows = _table(document)
    if rows is None:
        raise UsageError(f"--samples {path} is not a list of objects: write [{{"
                         '"input": ..., "truth": ...}, ...].')  # fmt: skip
    for number, value in enumerate(rows, 1):
        yield checked(f"row {number}", number, value)


def _table(document: Any) -> list[Any] | None:
    """The rows of a JSON document: a list of them, or one of the shapes of `DataFrame.to_json`."""
    if isinstance(document, list):
        return document
    if not isinstance(document, dict):
        return None
    names, data = document.get("columns"), document.get("data")
    if isinstance(names, list) and isinstance(data, list):  # orient="split"
        return [dict(zip(map(str, names), row, strict=False)) if isinstance(row, list) else row for row in data]
    if isinstance(data, list):  # orient="table"
        return data
    columns: list[Any] = [document.get(key) for key in REQUIRED]
    if all(isinstance(column, list) for column in columns):
        return _from_columns({key: document[key] for key in COLUMNS if isinstance(document.get(key), list)})
    if all(isinstance(column, dict) for column in columns) and columns[0].keys() == columns[1].keys():
        # pandas' default: by column, then by index
        return [
            {key: document[key].get(index) for key in COLUMNS if isinstance(document.get(key), dict)}
            for index in columns[0]
        ]
    if None not in columns:
        return [document]
    values = list(document.values())
    return values if values and all(isinstance(value, dict) for value in values) else None  # orient="index"


def _from_columns(columns: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    longest = max(map(len, columns.values()))
    return [{key: column[place] for key, column in columns.items() if place < len(column)} for place in range(longest)]


def csv_rows(path: Path) -> Iterator[Row]:
    """A table of texts, whose first line names its columns; separated by commas, semicolons or tabs."""
    before = csv.field_size_limit(LONGEST_CELL)
    try:
        with _lines(path, newline="") as lines:
            yield from _csv_rows(path, lines)
    except csv.Error as error:
        raise UsageError(f"--samples {path} is not CSV ({error}): save it again.") from None
    finally:
        csv.field_size_limit(before)


def _csv_rows(path: Path, lines: Iterator[str]) -> Iterator[Row]:
    heading = next(lines, "")
    by_delimiter = {sign: next(csv.reader([heading], delimiter=sign), []) for sign in DELIMITERS}
    sign = max(DELIMITERS, key=lambda one: len(set(REQUIRED) & set(by_delimiter[one])))
    names = [name.strip() for name in by_delimiter[sign]]
    refuse_repeats(names, path)
    reader = csv.reader(lines, delimiter=sign, strict=True)
    number = 0
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise UsageError(
                f"--samples {path} is not CSV after row {number} ({error}): put texts in quotes."
            ) from None
        if not cells:
            continue
        number += 1
        yield _of_cells(number, names, cells)


def _of_cells(number: int, names: Sequence[str], cells: Sequence[str]) -> Row:
    place = f"row {number}"
    if len(cells) > len(names):
        problem = f"has {len(cells)} cells, but {len(names)} columns are named: put quotes around texts with commas"
        return Row(place, number, problem=problem)
    values = dict(zip(names, cells, strict=False))
    row = checked(place, number, values, is_text=True)
    if row.problem is None and not row.values.get("id", "1"):
        raise UsageError(f"--samples, {place} has an empty id: write one, or leave out the column.")
    return row


def _content(path: Path, largest: int) -> str:
    with _opened(path, largest, newline="") as file:
        return file.read(largest + 1)


@contextmanager
def _lines(path: Path, newline: str) -> Iterator[Iterator[str]]:
    """The lines of a file of rows, one at a time."""
    with _opened(path, LARGEST_FILE, newline) as file:
        yield _bounded(path, file)


def _bounded(path: Path, file: TextIO) -> Iterator[str]:
    left, empty = LARGEST_FILE, 0
    while line := file.readline(left + 1):
        left -= len(line)
        empty += line in ("\n", "\r\n")
        if left < 0 or empty > MOST_EMPTY_LINES:
            raise UsageError(
                f"--samples {path} has more than {LARGEST_FILE:,} characters or {MOST_EMPTY_LINES:,} empty lines: "
                "pass a part of it."
            )
        yield line


@contextmanager
def _opened(path: Path, largest: int, newline: str) -> Iterator[TextIO]:
    """A file of text that is not too large.

    Raises:
        UsageError: it is, it is not UTF-8, or it cannot be read.
    """
    try:
        size = path.stat().st_size
        if size > largest:
            raise UsageError(
                f"--samples {path} has {size / 2**20:,.0f} MiB, more than the {largest / 2**20:,.0f} MiB that are read "
                "of such a file: pass a part of it, or JSON Lines or Parquet."
            )
        with path.open(encoding="utf-8-sig", newline=newline) as file:
            yield file
    except UnicodeDecodeError:
        raise UsageError(f"--samples {path} is not UTF-8 text: save it as JSON Lines in UTF-8.") from None
    except OSError as error:
        raise UsageError(f"--samples {path} cannot be read ({type(error).__name__}): check its path.") from None
