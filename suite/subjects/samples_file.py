"""`--samples FILE`: the user's own labelled data, an input, its truth and, where given, an id and slices per row."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from suite.core.errors import UsageError
from suite.core.files import sha256
from suite.core.printable import complaints
from suite.subjects.sample_row import Row, readings, slices_of
from suite.subjects.sample_rows import data_files, rows_of
from suite.task import Sample, Task

LONGEST_PATH = 1000
"""Characters of a text that may be the path of a file."""
WHOLE = 2**26
"""Bytes up to which a file that samples name is hashed whole; of a larger one its edges are."""
MEMORY_SHARE = 0.5
"""Of the memory that is free, for pictures and sounds: a file of a few bytes can be a picture of 200 MB."""


class _RowError(ValueError):
    """What is wrong with a row, to be read after its place."""


def read_samples(file: Path, task: Task, option: str = "--samples") -> list[Sample]:
    """The samples in a file; a sample without an `id` bears its row's number. The truths are still the user's words.

    `option` is what complaints call it.

    Raises:
        UsageError: a sentence with all the rows that are wrong.
    """
    import psutil

    samples: list[Sample] = []
    place_of_id: dict[str, str] = {}
    wrong: list[tuple[str, str]] = []
    folder = file if file.is_dir() else file.parent
    most = left = int(psutil.virtual_memory().available * MEMORY_SHARE)
    for row in rows_of(file):
        try:
            sample = _sample(task, row, folder)
            if sample.id in place_of_id:
                raise _RowError(f"has the id {sample.id!r} of {place_of_id[sample.id]}: ids must differ")
        except _RowError as error:
            wrong.append((row.place, str(error)))
            continue
        place_of_id[sample.id] = row.place
        samples.append(sample)
        left -= _decoded(sample.input)
        if left < 0:
            raise UsageError(
                f"{option} {file} takes more than {most / 2**20:,.0f} MiB once its pictures and sounds are decoded, "
                f"half of the memory that is free here, by {row.place}: pass a part of it, or smaller ones."
            )
    if len(wrong) == 1:
        raise UsageError(f"{option} {file}, {' '.join(wrong[0])}.")
    if wrong:
        what = f"{wrong[0][0].partition(' ')[0]}s"
        raise UsageError(f"{option} {file} has {len(wrong)} {what} that cannot be used: {complaints(wrong)}.")
    if not samples:
        raise UsageError(f'{option} {file} is empty: write one {{"input": ..., "truth": ...}} per line.')
    return samples


def fit(samples: Sequence[Sample], task: Task, config: Any) -> list[Sample]:
    """The user's samples with their truths in the words that answers about this checkpoint use.

    Raises:
        UsageError: truths that this checkpoint can never answer.
    """
    result: list[Sample] = []
    wrong: list[tuple[str, str]] = []
    for sample in samples:
        try:
            result.append(replace(sample, truth=task.own_truth(sample.truth, config)))
        except UsageError as error:
            wrong.append((f"sample {sample.id}", str(error)))
    if len(wrong) == 1:
        raise UsageError(f"--samples for {task.name}, {complaints(wrong)}.")
    if wrong:
        raise UsageError(f"--samples for {task.name} has {len(wrong)} truths that do not fit: {complaints(wrong)}.")
    return result


def samples_identity(path: Path) -> str:
    """A hash of a file or folder of samples and of the files that it names: pictures and sounds, wherever they are."""
    digest = hashlib.sha256()
    folder = path if path.is_dir() else path.parent
    try:
        for file in data_files(path):
            digest.update(sha256(file).encode())
        seen: set[str] = set()
        for row in rows_of(path):
            for text in _texts(row.values):
                if text not in seen and _is_file(folder, text):
                    seen.add(text)
                    digest.update(f"\0{text}\0{_hash(folder / text)}".encode(errors="surrogatepass"))
    except (UsageError, OSError):  # it is refused, with its reason, when it is read
        pass
    return digest.hexdigest()


def _hash(file: Path) -> str:
    """A hash of a file that samples name; of one that may never end, of its size and its edges."""
    size = file.stat().st_size
    if size <= WHOLE:
        return sha256(file)
    with file.open("rb") as stream:
        digest = hashlib.sha256(f"{size}\0".encode() + stream.read(WHOLE // 2))
        stream.seek(size - WHOLE // 2)
        digest.update(stream.read(WHOLE // 2))
    return digest.hexdigest()


def _decoded(value: Any) -> int:
    """Bytes of the arrays in an input."""
    if isinstance(size := getattr(value, "nbytes", None), int):
        return size
    parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return sum(map(_decoded, parts))


def _sample(task: Task, row: Row, folder: Path) -> Sample:
    """The first of the row's readings that the task takes.

    Raises:
        _RowError: it takes none; what is wrong with the first.
    """
    if row.problem is not None:
        raise _RowError(row.problem)
    first: _RowError | None = None
    for values in readings(row):
        try:
            return _as_read(task, values, row.number, folder)
        except _RowError as error:
            first = first or error
    assert first is not None, "a row has at least one reading"
    raise first


def _as_read(task: Task, values: Mapping[str, Any], number: int, folder: Path) -> Sample:
    try:
        slices = slices_of(values.get("slice"))
        given = {key: value for key, value in values.items() if key != "id" or value is not None}
        if _holds_files(given):  # a task reads them before it returns
            with tempfile.TemporaryDirectory() as scratch:
                sample = task.from_json(_with_files(given, Path(scratch)), number, folder)
        else:
            sample = task.from_json(given, number, folder)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _RowError(f"is not a sample of {task.name} ({type(error).__name__}: {error})") from None
    try:
        task.check_truth(sample.truth)
    except UsageError as error:
        raise _RowError(f"cannot be scored: {error}") from None
    return replace(sample, slices=slices)


def _with_files(value: Any, scratch: Path) -> Any:
    """The value with every file that a data set holds within itself, `{"bytes": ..., "path": ...}`, as a path to it."""
    if isinstance(value, dict):
        if _is_held_file(value):
            file = scratch / f"{len(list(scratch.iterdir()))}{_suffix(value['path'])}"
            file.write_bytes(value["bytes"])
            return str(file)
        return {key: _with_files(inner, scratch) for key, inner in value.items()}
    return [_with_files(inner, scratch) for inner in value] if isinstance(value, list) else value


def _holds_files(value: Any) -> bool:
    if isinstance(value, dict):
        return _is_held_file(value) or any(map(_holds_files, value.values()))
    return isinstance(value, list) and any(map(_holds_files, value))


def _is_held_file(value: dict[str, Any]) -> bool:
    return isinstance(value.get("bytes"), bytes) and value.keys() == {"bytes", "path"}


def _suffix(path: Any) -> str:
    suffix = Path(path).suffix if isinstance(path, str) else ""
    return suffix if suffix[1:].isalnum() and suffix.isascii() and len(suffix) < 10 else ""


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for inner in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(inner)


def _is_file(folder: Path, text: str) -> bool:
    if not 0 < len(text) <= LONGEST_PATH or not Path(text).suffix:
        return False
    try:
        return (folder / text).is_file()
    except (OSError, ValueError):  # a text that no file can be called
        return False
