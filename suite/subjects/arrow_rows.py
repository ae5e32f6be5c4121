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
from suite.subjects.arrow_sizes import written_out
from suite.subjects.memory_limit import memory_limit
from suite.subjects.sample_row import COLUMNS, REQUIRED, Row, checked, refuse_repeats

if TYPE_CHECKING:
    import pyarrow as pa

LARGEST = 2**29
"""Bytes of a table, with every value written out: a dictionary can stand for a thousand times its own size."""
LARGEST_DATA_SET = 2**32
"""The same, of all files of a data set."""
WORKING_MEMORY = 2**31
"""Bytes that pyarrow may take for a batch: a compressed one can say that it needs any number of them."""
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
    number, left = 0, LARGEST_DATA_SET
    for file in files_of_data_set(folder):
        with _readable(file):
            for values, size in _values_of_table(file, min(left, LARGEST)):
                number, left = number + 1, left - size
                yield checked(f"row {number}", number, values)


def rows_of_table(file: Path) -> Iterator[Row]:
    """The rows of one Parquet or Arrow file.

    Raises:
        UsageError: it cannot be read, is too large, or has no such columns.
    """
    with _readable(file):
        for number, (values, _) in enumerate(_values_of_table(file, LARGEST), 1):
            yield checked(f"row {number}", number, values)


def _values_of_table(file: Path, largest: int) -> Iterator[tuple[dict[str, Any], int]]:
    """The values of each row, and its share of the size of the rows that were read with it."""
    left = largest
    batches = _parquet(file) if file.suffix.lower() == ".parquet" else _arrow(file)
    while True:
        with memory_limit(WORKING_MEMORY):
            following = next(batches, None)
            if following is None:
                return
            schema, batch = following
            names = [name for name in COLUMNS if name in schema.names]
            _require(names, schema.names, file)
            batch = batch.select(names)
            batch.validate(full=True)
        features = _features(schema)
        for start in range(0, batch.num_rows, ROWS_AT_ONCE):
            part = batch.slice(start, ROWS_AT_ONCE)
            size = sum(written_out(part.column(name), name) for name in names)
            left -= size
            if left < 0:
                raise _too_large(file, largest)
            for values in part.to_pylist():
                named = {key: _named(value, features.get(key)) for key, value in values.items()}
                kept = {k: v for k, v in named.items() if k in REQUIRED or v is not None}
                yield kept, size // part.num_rows


def _require(names: Iterable[str], given: list[str], file: Path) -> None:
    refuse_repeats(given, file)
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        raise UsageError(
            f"--samples {file} has no column {' and '.join(map(repr, missing))} (it has "
            f"{listed([repr(name) for name in given], 10)}): rename those that hold inputs and truths."
        )


def _parquet(file: Path) -> Iterator[tuple[pa.Schema, pa.RecordBatch]]:
    import pyarrow.parquet as pq

    limits: dict[str, Any] = {"thrift_string_size_limit": 2**24, "thrift_container_size_limit": 2**20}
    with pq.ParquetFile(file, pre_buffer=False, **limits) as table:
        known = table.metadata
        declared = sum(known.row_group(place).total_byte_size for place in range(known.num_row_groups))
        if declared > LARGEST:
            raise _too_large(file, LARGEST)
        schema = table.schema_arrow
        names = [name for name in COLUMNS if name in schema.names]
        _require(names, schema.names, file)
        for batch in table.iter_batches(batch_size=ROWS_AT_ONCE, columns=names, use_threads=False):
            yield schema, batch


def _arrow(file: Path) -> Iterator[tuple[pa.Schema, pa.RecordBatch]]:
    import pyarrow as pa

    if file.stat().st_size > LARGEST:
        raise _too_large(file, LARGEST)
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
    except MemoryError:
        raise _too_large(file, LARGEST) from None
    except (pa.ArrowException, OSError, ValueError, OverflowError, RecursionError) as error:
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


def _too_large(file: Path, largest: int) -> UsageError:
    return UsageError(f"--samples {file} holds more than {largest / 2**20:,.0f} MiB: pass a part of it.")


def _json(file: Path) -> dict[str, Any]:
    try:
        with file.open("rb") as stream:
            value = json.loads(stream.read(LARGEST_JSON))
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
