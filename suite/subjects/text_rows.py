"""Samples in text files: JSON Lines, JSON in the shapes that others write, and CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from suite.core.errors import UsageError
from suite.subjects.sample_row import REQUIRED, Row, checked

LARGEST_FILE = 2**29
"""Bytes of a file of rows."""
LARGEST_DOCUMENT = 2**26
"""Bytes of a file that is one JSON value, which is parsed as a whole."""
LONGEST_CELL = 2**24
"""Characters of a cell in a CSV file."""
DELIMITERS = (",", ";", "\t")


def line_rows(path: Path) -> Iterator[Row]:
    """JSON Lines. Only a newline ends a line: JSON's texts may hold other separators as they are."""
    for number, line in enumerate(_content(path, LARGEST_FILE).split("\n"), 1):
        if line.strip():
            yield _from_line(f"line {number}", number, line)


def _from_line(place: str, number: int, line: str) -> Row:
    try:
        return checked(place, number, json.loads(line))
    except RecursionError:
        return Row(place, number, problem="nests too deeply: write one flat object per line")
    except ValueError as error:
        return Row(place, number, problem=f"is not JSON ({error}): write one object per line")


def json_rows(path: Path) -> Iterator[Row]:
    """One JSON value, in the shapes that pandas and others write; or lines after all."""
    text = _content(path, LARGEST_DOCUMENT)
    try:
        document = json.loads(text)
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
        return _from_columns({key: value for key, value in document.items() if isinstance(value, list)})
    if all(isinstance(column, dict) for column in columns) and columns[0].keys() == columns[1].keys():
        # pandas' default: by column, then by index
        return [
            {key: column.get(index) for key, column in document.items() if isinstance(column, dict)}
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
        lines = io.StringIO(_content(path, LARGEST_FILE), newline="")
        heading = next(lines, "")
        by_delimiter = {sign: next(csv.reader([heading], delimiter=sign), []) for sign in DELIMITERS}
        sign = max(DELIMITERS, key=lambda one: len(set(REQUIRED) & set(by_delimiter[one])))
        names = [name.strip() for name in by_delimiter[sign]]
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
    except csv.Error as error:
        raise UsageError(f"--samples {path} is not CSV ({error}): save it again.") from None
    finally:
        csv.field_size_limit(before)


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
    try:
        size = path.stat().st_size
        if size > largest:
            raise UsageError(
                f"--samples {path} has {size / 2**20:,.0f} MiB, more than the {largest / 2**20:,.0f} MiB that are read "
                "of such a file: pass a part of it, or JSON Lines or Parquet."
            )
        with path.open(encoding="utf-8-sig", newline="") as file:
            return file.read(largest + 1)
    except UnicodeDecodeError:
        raise UsageError(f"--samples {path} is not UTF-8 text: save it as JSON Lines in UTF-8.") from None
    except OSError as error:
        raise UsageError(f"--samples {path} cannot be read ({type(error).__name__}): check its path.") from None
