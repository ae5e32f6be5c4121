"""`--samples FILE.jsonl`: the user's own labelled data, one `{"input": ..., "truth": ...}` per line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from suite.core.errors import UsageError
from suite.task import Sample, Task

REQUIRED = ("input", "truth")


def read_samples(file: Path, task: Task) -> list[Sample]:
    """The samples in a file; a sample without an `id` bears its line number. The truths are still the user's words.

    Raises:
        UsageError: a sentence with the line that is wrong.
    """
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise UsageError(f"--samples {file} is not UTF-8 text: save it as JSON Lines in UTF-8.") from None
    except OSError as error:
        raise UsageError(f"--samples {file} cannot be read ({type(error).__name__}): check its path.") from None
    samples: list[Sample] = []
    line_of_id: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        where = f"--samples {file}, line {number}"
        sample = _sample(task, _row(line, where), number, file.parent, where)
        if sample.id in line_of_id:
            raise UsageError(f"{where} has the id {sample.id!r} of line {line_of_id[sample.id]}: ids must differ.")
        line_of_id[sample.id] = number
        samples.append(sample)
    if not samples:
        raise UsageError(f'--samples {file} is empty: write one {{"input": ..., "truth": ...}} per line.')
    return samples


def fit(samples: Sequence[Sample], task: Task, config: Any) -> list[Sample]:
    """The user's samples with their truths in the words that answers about this checkpoint use.

    Raises:
        UsageError: a truth that this checkpoint can never answer.
    """
    result = []
    for sample in samples:
        try:
            result.append(replace(sample, truth=task.own_truth(sample.truth, config)))
        except UsageError as error:
            raise UsageError(f"--samples for {task.name}, sample {sample.id}: {error}.") from None
    return result


def _row(line: str, where: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except RecursionError:
        raise UsageError(f"{where} nests too deeply: write one flat object per line.") from None
    except ValueError as error:
        raise UsageError(f"{where} is not JSON ({error}): write one object per line.") from None
    if not isinstance(row, dict):
        raise UsageError(f'{where} is not an object: write {{"input": ..., "truth": ...}}.')
    missing = [key for key in REQUIRED if row.get(key) is None]
    if missing:
        keys = ", ".join(map(repr, row)) or "nothing"
        raise UsageError(f"{where} lacks {' and '.join(map(repr, missing))} (it has {keys}): every sample needs both.")
    return row


def _sample(task: Task, row: dict[str, Any], number: int, folder: Path, where: str) -> Sample:
    try:
        return task.from_json(row, number, folder)
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"{where} is not a sample of {task.name} ({type(error).__name__}: {error}).") from None
