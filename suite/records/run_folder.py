"""The rows of a run: appended the moment they exist, flushed to the disk, read back to resume.

One line of `cells.jsonl` is one (cell, check); one line of `samples.jsonl` is one round of raw latencies. A line cut
short by a kill is left out when the run is read back. Nothing here needs pandas: the frames are made in `suite.report`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import re
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from suite.core.cell import Cell, Status
from suite.core.errors import Unwritable, UsageError, unknown
from suite.core.files import replace_file
from suite.core.ownership import Held, OwnedLock, read_holder
from suite.core.printable import printable_name
from suite.core.settings import LATEST
from suite.records import answer_lines, readable
from suite.records.private_fields import scrub_conditions, scrub_row
from suite.task.answer_sheet import AnswerSheet
from suite.task.sample_answer import SampleAnswer

LINES = ("cells.jsonl", "examples.jsonl")
"""The record itself, a line per (cell, check) or per example."""
TABLES = ("cells.csv", "cells.parquet")
"""What is made from the lines of cells: all that a committed baseline keeps beside run.json."""


LOG = "log.txt"
"""What workers and libraries wrote, tracebacks among it."""
LOCK = ".lock"
"""The file that a session holds while it writes to the folder."""
HEADING_BYTES = 2**16
"""More than the heading of a table takes: enough to see whether a row follows."""


LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class RunFolder:
    """One run's folder under the results directory."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.name
        self._lock: OwnedLock | None = None
        self._appending = threading.Lock()
        self._asked: set[str] | None = None

    @property
    def has_cells(self) -> bool:
        """Whether the folder holds results of cells, as lines or as a table."""
        return any((self.path / name).is_file() for name in ("cells.jsonl", *TABLES))

    @property
    def is_baseline(self) -> bool:
        """Whether the folder holds a table of cells without the lines that it is made from: a committed baseline."""
        if any((self.path / name).is_file() for name in LINES):
            return False
        text, parquet = (self.path / name for name in TABLES)
        if not text.is_file():
            return parquet.is_file()
        with text.open("rb") as file:
            return len(file.readlines(HEADING_BYTES)) > 1  # the table of a run that measured nothing is its heading

    @classmethod
    def create(cls, results: Path, name: str) -> RunFolder:
        """A new, empty folder, `name` made unique by a counter if need be.

        Raises:
            UsageError: the folder cannot be written.
        """
        for suffix in range(1000):
            path = results / (f"{name}-{suffix}" if suffix else name)
            try:
                path.mkdir(parents=True)
            except FileExistsError:
                if path.is_dir():
                    continue
                raise UsageError(
                    f"Cannot write results to {results}: it is a file. Name a folder with --results."
                ) from None
            except OSError as error:
                raise UsageError(
                    f"Cannot write results to {results} ({error.strerror}): name a writable folder with --results."
                ) from error
            return cls(path)
        raise UsageError(f"{results} already holds a thousand runs named {name}: clear it, or name another --results.")

    @property
    def is_in_use(self) -> bool:
        """Whether a session that is still alive writes to it."""
        holder = read_holder(self.path / LOCK)
        return holder is not None and holder.is_alive

    def lock(self) -> None:
        """Keep other sessions from writing to the folder, until `unlock` or the end of this process.

        Raises:
            UsageError: another session writes to it, or it cannot be written to.
        """
        lock = OwnedLock(self.path / LOCK)
        try:
            lock.acquire()
        except Held as held:
            which = f" (process {held.holder.pid}, since {held.holder.since})" if held.holder else ""
            raise UsageError(
                f"Another session{which} is writing to the run {self.name}: wait until it has ended, or start a new "
                "run without --resume."
            ) from None
        except OSError as error:
            raise UsageError(
                f"Cannot write to {self.path} ({error.strerror}): make it writable, or name another --results."
            ) from error
        self._lock = lock

    def unlock(self) -> None:
        """Let other sessions write to the folder."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def write_conditions(self, conditions: Mapping[str, Any]) -> None:
        """`run.json`, replaced whole."""
        text = json.dumps(scrub_conditions(conditions), indent=2, sort_keys=True) + "\n"
        replace_file(self.path / "run.json", text.encode())

    def conditions(self) -> dict[str, Any]:
        """What `run.json` says.

        Raises:
            UsageError: it is missing, cut short, or not what a run writes.
        """
        try:
            conditions = json.loads((self.path / "run.json").read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            conditions = None
        if not isinstance(conditions, dict):
            raise UsageError(f"{self.path} holds no readable run.json: it is not the folder of a run.")
        if wrong := readable.wrong_condition(conditions):
            raise UsageError(
                f"{self.path / 'run.json'} cannot be used, since the value of {wrong[:40]!r} is not of the type that "
                "results/README.md says: restore the file."
            )
        return conditions

    def append(self, cell: Cell, check: str, status: Status, reason: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Write one (cell, check) to `cells.jsonl`; it is on the disk when this returns.

        Raises:
            ValueError: no line can hold the fields, or it could not be read back.
        """
        row = {"run": self.name, "cell": cell.id, **asdict(cell), "check": check, "status": status, "reason": reason}
        row |= _finite(fields)
        try:
            line = json.dumps(row)
        except (TypeError, RecursionError) as error:
            raise ValueError(str(error)) from error
        if not readable.is_cell(json.loads(line)):
            raise ValueError("a number stands where a text belongs, or a text where a number does")
        self._append("cells.jsonl", [row])
        return row

    def append_selection(self, cells: Mapping[Cell, Iterable[str]], *, left_out: bool = False) -> None:
        """Write to `selected.jsonl` which checks of which cells a session is to carry out, or leaves out after all."""
        key = "left_out" if left_out else "checks"
        rows = [
            {"run": self.name, "cell": cell.id, **asdict(cell), key: list(checks)} for cell, checks in cells.items()
        ]
        self._append("selected.jsonl", rows)

    def selection(self) -> list[dict[str, Any]]:
        """The cells that were selected so far, each as in its rows, with its `checks`."""
        selected: dict[str, dict[str, Any]] = {}
        for row in filter(readable.is_selection, read_lines(self.path / "selected.jsonl")):
            kept = selected.setdefault(row["cell"], {**row, "checks": []})
            kept["checks"] = [*dict.fromkeys([*kept["checks"], *row.get("checks", [])])]
            kept["checks"] = [check for check in kept["checks"] if check not in row.get("left_out", [])]
        return list(selected.values())

    def append_rounds(self, cell: Cell, rounds: Iterable[Mapping[str, Any]]) -> None:
        """Write the rounds of one cell to `samples.jsonl`."""
        self._append("samples.jsonl", [{"run": self.name, "cell": cell.id, **row} for row in rounds])

    def append_curve(self, cell: Cell, losses: Sequence[float]) -> None:
        """Write the loss at each step of a cell's training to `curves.jsonl`; those that are not finite as null."""
        finite = [loss if math.isfinite(loss) else None for loss in losses]
        self._append("curves.jsonl", [{"run": self.name, "cell": cell.id, "loss": finite}])

    def curves(self) -> dict[str, list[float]]:
        """The loss at each step of each cell's training, NaN where it was not finite; the last of several counts."""
        rows = filter(readable.is_curve, read_lines(self.path / "curves.jsonl"))
        return {row["cell"]: [math.nan if loss is None else float(loss) for loss in row["loss"]] for row in rows}

    def append_sample_answers(self, cell: Cell, answers: Iterable[SampleAnswer]) -> None:
        """Write a cell's answers to a few samples to `exhibits.jsonl`, pictures and sounds to `exhibits/`."""
        self._append(
            "exhibits.jsonl",
            [
                {
                    "cell": cell.id,
                    "sample": answer.sample,
                    "input": answer.input,
                    "truth": answer.truth,
                    "answer": answer.answer,
                    "picture": self._keep(answer.picture, "png"),
                    "sound": self._keep(answer.sound, "wav"),
                }
                for answer in answers
            ],
        )

    def append_answers(self, cell: Cell, sheet: AnswerSheet, pictures: Sequence[bytes | None] = ()) -> None:
        """Write a cell's answers to all samples to `answers.jsonl`; to `questions.jsonl` the samples, once.

        `pictures` are PNG files of the first samples.
        """
        if self._asked is None:
            self._asked = set(self._questions())
        asked = answer_lines.of_questions(sheet.questions)
        if asked["set"] not in self._asked:
            kept = [self._keep(picture, "png") for picture in pictures]
            self._append("questions.jsonl", [asked | ({"picture": kept} if any(kept) else {})])
            self._asked.add(asked["set"])
        self._append("answers.jsonl", [{"run": self.name, "cell": cell.id, **answer_lines.of_answers(asked, sheet)}])

    def answers(self) -> dict[str, AnswerSheet]:
        """Each cell's answers to all samples, by cell; of a cell that was measured again the last ones count."""
        asked = self._questions()
        rows = filter(readable.is_answers, read_lines(self.path / "answers.jsonl"))
        last = {row["cell"]: row for row in rows}
        sheets = {cell: answer_lines.sheet(row, asked.get(row["set"])) for cell, row in last.items()}
        return {cell: sheet for cell, sheet in sheets.items() if sheet is not None}

    def sample_pictures(self) -> dict[tuple[str, str], str]:
        """The files with pictures of samples, by capability and sample."""
        asked = self._questions()
        rows = [row for row in read_lines(self.path / "answers.jsonl") if readable.is_answers(row)]
        sets = {(row["cell"].partition("/")[0], row["set"]) for row in rows if row["set"] in asked}
        return {
            (capability, sample): name
            for capability, key in sorted(sets)
            for sample, name in zip(asked[key]["sample"], asked[key].get("picture") or [], strict=False)
            if name is not None
        }

    def _questions(self) -> dict[str, dict[str, Any]]:
        rows = filter(readable.is_questions, read_lines(self.path / "questions.jsonl"))
        return {row["set"]: row for row in rows}

    def append_example(self, row: Mapping[str, Any]) -> None:
        """Write the verdict on an example to `examples.jsonl`."""
        self._append("examples.jsonl", [{"run": self.name, **row}])

    def examples(self) -> list[dict[str, Any]]:
        """The verdicts so far."""
        return list(filter(readable.is_example, read_lines(self.path / "examples.jsonl")))

    def sample_answers(self) -> list[dict[str, Any]]:
        """The answers that are shown so far; of those to the same sample by the same cell the last one counts."""
        rows = filter(readable.is_sample_answer, read_lines(self.path / "exhibits.jsonl"))
        return list({(row["cell"], row["sample"]): row for row in rows}.values())

    def _keep(self, content: bytes | None, suffix: str) -> str | None:
        """Write a file named by its content, so that what several cells show alike is kept once."""
        if content is None:
            return None
        name = f"exhibits/{hashlib.sha256(content).hexdigest()[:16]}.{suffix}"
        path = self.path / name
        try:
            path.parent.mkdir(exist_ok=True)
            if not path.exists():
                path.write_bytes(content)
        except OSError as error:
            raise Unwritable(
                f"Cannot write to {path} ({error.strerror}). What was measured before is kept there: make room, then "
                f"continue with --resume {self.name}."
            ) from error
        return name

    def rows(self) -> list[dict[str, Any]]:
        """The (cell, check) rows so far; of rows for the same pair the last one counts."""
        rows = filter(readable.is_cell, read_lines(self.path / "cells.jsonl"))
        return list({(row["cell"], row["check"]): row for row in rows}.values())

    def rounds(self) -> list[dict[str, Any]]:
        """The rounds so far; of a cell measured again those of the latest series, which begins its cycles anew."""
        series: dict[str, dict[int, dict[str, Any]]] = {}
        for row in filter(readable.is_round, read_lines(self.path / "samples.jsonl")):
            cycles = series.setdefault(row["cell"], {})
            if row["cycle"] in cycles:
                cycles.clear()
            cycles[row["cycle"]] = row
        return [row for cycles in series.values() for row in cycles.values()]

    def _append(self, name: str, rows: list[dict[str, Any]]) -> None:
        path = self.path / name
        try:
            with self._appending, path.open("ab") as file:
                _end_line(path, file)
                for row in rows:
                    file.write(_utf8(json.dumps(scrub_row(row), ensure_ascii=False)) + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise Unwritable(
                f"Cannot write to {path} ({error.strerror}). What was measured before is kept there: make room, then "
                f"continue with --resume {self.name}."
            ) from error


def _utf8(line: str) -> bytes:
    """A line of JSON in UTF-8; lone surrogates, which it cannot hold, are escaped in the texts themselves."""
    return LONE_SURROGATE.sub(lambda match: f"\\\\{printable_name(match[0])[1:]}", line).encode()


def _end_line(path: Path, file: IO[bytes]) -> None:
    """Close a line that a kill cut short, so that the next row does not continue it."""
    if file.tell() == 0:
        return
    with path.open("rb") as reader:
        reader.seek(-1, os.SEEK_END)
        if reader.read(1) != b"\n":
            file.write(b"\n")


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The whole JSON lines of a file; broken ones are passed over, a missing file has none."""
    if not path.exists():
        return
    with path.open("rb") as file:
        for line in file:
            try:
                row = json.loads(line)
                if b"\\ud" in line.lower():  # half a surrogate pair can be read, but not be written again
                    row = json.loads(json.dumps(row, ensure_ascii=False).encode("utf-8", "replace"))
            except (ValueError, RecursionError):
                continue
            if isinstance(row, dict):
                yield row


def _finite(fields: Mapping[str, Any]) -> dict[str, Any]:
    """JSON has no NaN: a number that is none is left out, also of an object."""
    return {
        key: _finite(value) if isinstance(value, Mapping) else value
        for key, value in fields.items()
        if not (isinstance(value, float) and not math.isfinite(value))
    }


def find_run(results: Path, name: str) -> RunFolder:
    """The folder of a run by its name, its path or "latest".

    Raises:
        UsageError: there is none.
    """
    for path in (results / name, Path(name)):
        if (path / "run.json").is_file():
            return RunFolder(path.resolve())
    if name == LATEST:
        raise UsageError(f"There is no run in {results} to continue: start one without --resume.")
    if Path(name).exists():
        raise UsageError(f"{name} is not the folder of a run: before a test path write --resume={LATEST}.")
    names = [path.name for path in results.iterdir() if path.is_dir()] if results.is_dir() else []
    raise unknown("run", name, names)


def point_latest(results: Path, folder: Path) -> None:
    """Let the name "latest" mean this run."""
    link = results / LATEST
    with contextlib.suppress(OSError, NotImplementedError):
        partial = results / f".{LATEST}-{os.getpid()}"
        partial.symlink_to(folder.name, target_is_directory=True)
        partial.replace(link)
