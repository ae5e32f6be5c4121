"""Samples in Parquet files and in data sets that `datasets` saved (`save_to_disk`), read a batch at a time."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from suite.core.errors import UsageError
from suite.core.printable import listed
from suite.subjects.sample_row import REQUIRED, Row, checked

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS = ("id", *REQUIRED, "slice")
"""All that is read of a table."""
LARGEST = 2**29
"""Bytes of a table, in memory."""
STATE = "state.json"
SPLITS = "dataset_dict.json"
FILE_NAME = re.compile(r"[\w-][\w.-]*\.arrow")
ROWS_AT_ONCE = 1000
LARGEST_JSON = 2**20


def files_of_data_set(folder: Path) -> list[Path]:
    """The files of a data set that `save_to_disk` wrote; of one with a single split, those of the split.

    Raises:
        UsageError: it is no such folder, or has several splits.
    """
    splits = _json(folder / SPLITS).get("splits")
    if isinstance(splits, list):
        names = [name for name in splits if isinstance(name, str) and re.fullmatch(r"[\w-][\w.-]*", name)]
        if len(names) == 1:
            return files_of_data_set(folder / names[0])
        raise UsageError(
            f"--samples {folder} has several splits ({listed(names, 10)}): name the folder of one, "
            f"{folder / (names[-1] if names else 'test')}."
        )
    state = _json(folder / STATE)
    listed_files = state.get("_data_files")
    entries = listed_files if isinstance(listed_files, list) else []
    given = [entry.get("filename") for entry in entries if isinstance(entry, dict)]
    names = [name for name in given if isinstance(name, str) and FILE_NAME.fullmatch(name)]
    if not names or len(names) != len(entries):
        raise UsageError(
            f"--samples {folder} is a folder, and not one that save_to_disk() of datasets wrote: pass that, or a file "
            "in JSON Lines, JSON, CSV or Parquet."
        )
    if state.get("_indices_files"):
        raise UsageError(f"--samples {folder} was saved with an index: call flatten_indices() and save it again.")
    return [folder / name for name in names]


def rows_of_data_set(folder: Path) -> Iterator[Row]:
    """The rows of a saved data set.

    Raises:
        UsageError: it cannot be read.
    """
    number = 0
    for file in files_of_data_set(folder):
        for row in rows_of_table(file, number):
            number = row.number
            yield row


def rows_of_table(file: Path, after: int = 0) -> Iterator[Row]:
    """The rows of one Parquet or Arrow file; the first has the number `after` + 1.

    Raises:
        UsageError: it cannot be read, is too large, or has no such columns.
    """
    number, size = after, 0
    with _readable(file):
        for schema, batch in _parquet(file) if file.suffix.lower() == ".parquet" else _arrow(file):
            names = [name for name in COLUMNS if name in schema.names]
            _require(names, schema.names, file)
            part = batch.select(names)
            size += part.nbytes
            if size > LARGEST:
                raise _too_large(file)
            part.validate(full=True)
            features = _features(schema)
            for values in part.to_pylist():
                number += 1
                named = {key: _named(value, features.get(key)) for key, value in values.items()}
                yield checked(
                    f"row {number}", number, {k: v for k, v in named.items() if k in REQUIRED or v is not None}
                )


def _require(names: Iterable[str], given: list[str], file: Path) -> None:
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        raise UsageError(
            f"--samples {file} has no column {' and '.join(map(repr, missing))} (it has "
            f"{listed([repr(name) for name in given], 10)}): rename those that hold inputs and truths."
        )


def _parquet(file: Path) -> Iterator[tuple[pa.Schema, pa.RecordBatch]]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(file, thrift_string_size_limit=2**24, thrift_container_size_limit=2**20) as table:
        known = table.metadata
        declared = sum(known.row_group(place).total_byte_size for place in range(known.num_row_groups))
        if declared > LARGEST:
            raise _too_large(file)
        schema = table.schema_arrow
        names = [name for name in COLUMNS if name in schema.names]
        _require(names, schema.names, file)
        for batch in table.iter_batches(batch_size=ROWS_AT_ONCE, columns=names):
            yield schema, batch


def _arrow(file: Path) -> Iterator[tuple[pa.Schema, pa.RecordBatch]]:
    import pyarrow as pa

    if file.stat().st_size > LARGEST:
        raise _too_large(file)
    with pa.memory_map(str(file)) as source:
        if source.read(6) == b"ARROW1":
            with pa.ipc.open_file(source) as reader:
                for place in range(reader.num_record_batches):
                    yield reader.schema, reader.get_batch(place)
            return
        source.seek(0)
        with pa.ipc.open_stream(source) as reader:
            for batch in reader:
                yield reader.schema, batch


@contextmanager
def _readable(file: Path) -> Iterator[None]:
    """What pyarrow raises of a damaged file, as a sentence."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError, ValueError, UnicodeDecodeError, MemoryError) as error:
        raise UsageError(
            f"--samples {file} cannot be read as a table ({type(error).__name__}): write it again."
        ) from None


def _features(schema: pa.Schema) -> dict[str, Any]:
    """What `datasets` noted about the columns, of any type: it is a stranger's."""
    noted = (schema.metadata or {}).get(b"huggingface", b"")
    try:
        features = json.loads(noted)["info"]["features"] if len(noted) <= LARGEST_JSON else {}
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    return features if isinstance(features, dict) else {}


def _named(value: Any, feature: Any) -> Any:
    """A class number as the name that the data set has for it, also in a list."""
    if not isinstance(feature, Mapping):
        return value
    if isinstance(value, list):
        return [_named(one, feature.get("feature")) for one in value]
    names = feature.get("names")
    if feature.get("_type") == "ClassLabel" and isinstance(names, list) and type(value) is int:
        return str(names[value]) if 0 <= value < len(names) else None
    return value


def _too_large(file: Path) -> UsageError:
    return UsageError(f"--samples {file} holds more than {LARGEST / 2**20:,.0f} MiB: pass a part of it.")


def _json(file: Path) -> dict[str, Any]:
    try:
        with file.open("rb") as stream:
            value = json.loads(stream.read(LARGEST_JSON))
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
