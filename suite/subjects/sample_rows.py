"""The rows of `--samples` by format: text files, Parquet, Arrow, and folders of saved data sets.

What is read is a stranger's: files and rows are bounded, and what is wrong with a row is said of that row.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from suite.core.errors import UsageError
from suite.subjects.sample_row import Row
from suite.subjects.text_rows import csv_rows, json_rows, line_rows

MOST_ROWS = 200_000


def rows_of(path: Path) -> Iterator[Row]:
    """The rows of a file or folder of samples, one by one.

    Raises:
        UsageError: it cannot be read, is too large, or is of no format that is read.
    """
    for count, row in enumerate(_rows(path), 1):
        if count > MOST_ROWS:
            raise UsageError(f"--samples {path} has more than {MOST_ROWS:,} samples: pass a part of them.")
        yield row


def data_files(path: Path) -> list[Path]:
    """The files that the rows stand in: the file itself, or those of a saved data set.

    Raises:
        UsageError: the folder holds none.
    """
    if not path.is_dir():
        return [path]
    from suite.subjects.arrow_rows import files_of_data_set

    return files_of_data_set(path)


def _rows(path: Path) -> Iterator[Row]:
    suffix = path.suffix.lower()
    if path.is_dir() or suffix in (".parquet", ".arrow"):
        from suite.subjects.arrow_rows import rows_of_data_set, rows_of_table  # pyarrow takes a while to load

        yield from rows_of_data_set(path) if path.is_dir() else rows_of_table(path)
    elif suffix == ".json":
        yield from json_rows(path)
    elif suffix in (".csv", ".tsv"):
        yield from csv_rows(path)
    else:
        yield from line_rows(path)
