"""`--samples FILE.jsonl`: the user's own labelled data, one `{"input": ..., "truth": ...}` per line."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from suite.core.errors import UsageError
from suite.core.files import sha256
from suite.core.printable import complaints
from suite.task import Sample, Task

REQUIRED = ("input", "truth")
LONGEST_PATH = 1000
"""Characters of a text that may be the path of a file."""


class _LineError(ValueError):
    """What is wrong with a line, to be read after its number."""


def read_samples(file: Path, task: Task) -> list[Sample]:
    """The samples in a file; a sample without an `id` bears its line number. The truths are still the user's words.

    Raises:
        UsageError: a sentence with all the lines that are wrong.
    """
    samples: list[Sample] = []
    line_of_id: dict[str, int] = {}
    wrong: list[tuple[str, str]] = []
    for number, line in enumerate(_lines(file), 1):
        if not line.strip():
            continue
        try:
            sample = _sample(task, _row(line), number, file.parent)
            if sample.id in line_of_id:
                raise _LineError(f"has the id {sample.id!r} of line {line_of_id[sample.id]}: ids must differ")
        except _LineError as error:
            wrong.append((f"line {number}", str(error)))
            continue
        line_of_id[sample.id] = number
        samples.append(sample)
    if len(wrong) == 1:
        raise UsageError(f"--samples {file}, {' '.join(wrong[0])}.")
    if wrong:
        raise UsageError(f"--samples {file} has {len(wrong)} lines that cannot be used: {complaints(wrong)}.")
    if not samples:
        raise UsageError(f'--samples {file} is empty: write one {{"input": ..., "truth": ...}} per line.')
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


def samples_identity(file: Path) -> str:
    """A hash of a samples file and of the files that it names: pictures and sounds, beside it or by absolute paths."""
    digest = hashlib.sha256(sha256(file).encode())
    try:
        lines = _lines(file)
    except UsageError:
        return digest.hexdigest()
    for line in lines:
        try:
            named = [text for text in _texts(json.loads(line)) if _is_file(file.parent, text)]
        except (ValueError, RecursionError):
            continue
        for text in named:
            digest.update(f"\0{text}\0{sha256(file.parent / text)}".encode())
    return digest.hexdigest()


def _lines(file: Path) -> list[str]:
    """The lines of the file. Only a newline ends one: JSON's texts may hold other separators as they are."""
    try:
        return file.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError:
        raise UsageError(f"--samples {file} is not UTF-8 text: save it as JSON Lines in UTF-8.") from None
    except OSError as error:
        raise UsageError(f"--samples {file} cannot be read ({type(error).__name__}): check its path.") from None


def _row(line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except RecursionError:
        raise _LineError("nests too deeply: write one flat object per line") from None
    except ValueError as error:
        raise _LineError(f"is not JSON ({error}): write one object per line") from None
    if not isinstance(row, dict):
        raise _LineError('is not an object: write {"input": ..., "truth": ...}')
    missing = [key for key in REQUIRED if row.get(key) is None]
    if missing:
        keys = ", ".join(map(repr, row)) or "nothing"
        raise _LineError(f"lacks {' and '.join(map(repr, missing))} (it has {keys}): every sample needs both")
    return row


def _sample(task: Task, row: dict[str, Any], number: int, folder: Path) -> Sample:
    try:
        sample = task.from_json(row, number, folder)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _LineError(f"is not a sample of {task.name} ({type(error).__name__}: {error})") from None
    try:
        task.check_truth(sample.truth)
    except UsageError as error:
        raise _LineError(f"cannot be scored: {error}") from None
    return sample


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)


def _is_file(folder: Path, text: str) -> bool:
    if not 0 < len(text) <= LONGEST_PATH or not Path(text).suffix:
        return False
    try:
        return (folder / text).is_file()
    except (OSError, ValueError):  # a text that no file can be called
        return False
