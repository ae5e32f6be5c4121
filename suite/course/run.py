"""A run of courses: documents executed side by side, a verdict for each example as soon as there is one."""

from __future__ import annotations

import contextlib
import csv
import os
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from suite.core import privacy
from suite.core.errors import TouchstoneError, UsageError
from suite.core.files import cache_root
from suite.core.ownership import TemporaryFolder
from suite.core.printable import printable_name
from suite.course.documents.model import Document, Example
from suite.course.documents.python_source import parse
from suite.course.documents.reader import find_documents, read_document
from suite.course.documents.result import ExampleResult
from suite.course.lifecycle.table import installed_releases
from suite.course.lint import usage_hints
from suite.course.lint.api_usage import Names, check_example
from suite.course.sandbox import document_process, namespaces, outer_wall
from suite.course.sandbox.namespaces import Limits
from suite.course.sandbox.supervisor import SandboxSpec
from suite.course.stand_ins import keep
from suite.course.stand_ins.access_log import Kind, Note
from suite.course.stand_ins.catalogue import resolve
from suite.course.verdicts.document_state import DocumentState
from suite.course.verdicts.judge import judge, judge_unrun, runs_nothing
from suite.course.verdicts.verdict import Judgement, Verdict
from suite.processes.zygote import Zygote

SKIP_FILE = "touchstone-skip.csv"
"""A course's own list of examples that are not to be run: columns `example` and `reason`."""
LONGEST_CELL = 5_000
"""Characters of a column that an example can fill."""
MOST_PATHS = 1000
"""Files and folders that the outer wall shows one by one: bubblewrap takes a second for 1,000, a minute for 10,000."""
DOCUMENT_EXAMPLES_IN_TIME = 20
"""A document may take as long as so many examples that use up their time."""


@dataclass(frozen=True)
class Row:
    """An example with its verdict, as it is written down."""

    example: Example
    judgement: Judgement
    result: ExampleResult

    def columns(self) -> dict[str, Any]:
        """The columns of examples.csv."""
        notes = self.result.notes
        return {
            "example": self.example.id,
            "document": self.example.document,
            "line": self.judgement.line or self.example.line,
            "text": self.example.text[:200],
            "verdict": str(self.judgement.verdict),
            "sentence": self.judgement.sentence,
            "removed_name": self.judgement.removed_name,
            "removed_in": self.judgement.removed_in,
            "replacement": self.judgement.replacement,
            "checkpoints": _subjects(notes, "checkpoint"),
            "hosts_tried": _subjects(notes, "host"),
            "capped": self.result.capped[:LONGEST_CELL],
            "wall_s": self.result.wall_s,
        }


def _subjects(notes: Iterable[Note], kind: Kind) -> str:
    return " ".join(dict.fromkeys(note.subject for note in notes if note.kind == kind))[:LONGEST_CELL]


@dataclass(frozen=True)
class Read:
    """A document with the file that it was read from and the examples that its course does not want run."""

    file: Path
    document: Document
    skipped: Mapping[str, str] = field(default_factory=dict)


def read_courses(paths: Sequence[Path], here: Path) -> list[Read]:
    """The documents of courses, in order, named as seen from the folder of each course.

    Raises:
        UsageError: a path is not there, holds no document, or has a skip list with a stale line.
    """
    reads: list[Read] = []
    for path in paths:
        folder = path if path.is_dir() else path.parent
        documents = [(file, read_document(file, _name(file, folder, here))) for file in find_documents([path])]
        skipped = read_skips(folder / SKIP_FILE)
        known = {example.id for _, document in documents for example in document.examples}
        for example, reason in skipped.items():
            if not reason:
                raise UsageError(f"{SKIP_FILE} gives no reason for {example}: write one.")
            if example not in known and path.is_dir():
                raise UsageError(f"{SKIP_FILE} names {example}, which is not an example of the course: fix the line.")
        reads += [Read(file, document, skipped) for file, document in documents]
    return reads


def _name(file: Path, folder: Path, here: Path) -> str:
    name = file.relative_to(folder).as_posix() if file.is_relative_to(folder) else os.path.relpath(file, here)
    return printable_name(name)


def read_skips(file: Path) -> dict[str, str]:
    """The examples of a skip list, with their reasons.

    Raises:
        UsageError: it lacks a column, or is no table.
    """
    if not file.is_file():
        return {}
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = list(csv.DictReader(lines))
    except UnicodeDecodeError:
        raise UsageError(f"{file} is not UTF-8 text: save it as CSV in UTF-8.") from None
    except (OSError, csv.Error) as error:
        raise UsageError(f"{file} cannot be read as CSV ({error}): save it again.") from None
    if any(row.get("example") is None or row.get("reason") is None for row in rows):
        raise UsageError(f"{file} needs the columns example and reason in every line.")
    return {row["example"].strip(): row["reason"].strip() for row in rows}


class CourseRun:
    """Documents executed in the background, as many at a time as there are cores."""

    def __init__(self, reads: Sequence[Read], limits: Limits, log: Path, *, unsafe: bool = False) -> None:
        self.reads, self.limits, self.log = reads, limits, log
        self.unsafe = unsafe
        self._open: document_process.OpenStandIns | None = None
        self._temporary: TemporaryFolder | None = None
        self._zygote: Zygote | None = None
        self._rows: dict[str, Future[Row]] = {}
        self._over = threading.Event()
        self._pool: ThreadPoolExecutor | None = None

    def start(self, chosen: set[str]) -> None:
        """Begin with the documents that hold one of these examples.

        Raises:
            UsageError: there are no walls to be had here.
        """
        reason = None if self.unsafe else outer_wall.missing()
        if reason:
            raise UsageError(
                f"Examples are only run behind walls, and there are none: {reason}. `python -m suite lint-course` runs "
                "nothing; --unsafe runs them with your own rights."
            )
        selected = [read for read in self.reads if any(example.id in chosen for example in read.document.examples)]
        documents = [read.document for read in selected]
        self._hints = usage_hints.checkpoint_hints(documents)
        certificate, self._authority = _new_authority()
        self._temporary = TemporaryFolder("course-")
        self._private = self._temporary.path
        self._private.chmod(0o755)
        self._certificate = self._private / "stand-ins.pem"
        self._certificate.write_bytes(certificate)
        self._cache = cache_root() / "stand-ins"
        self._cache.mkdir(parents=True, exist_ok=True)
        self._asked: dict[keep.Wanted, None] = {}
        self._releases = installed_releases()
        if self.unsafe:
            self._open = document_process.OpenStandIns(self._hints, self._cache, self._private / ".notes.jsonl")
            self._open.wait()
        self._siblings = {read.file: beside(read.file) for read in selected}
        self._zygote = self._open_zygote(_preloads(documents, self._hints))
        # Without walls documents share the stand-ins, whose notes must be of the one document at work.
        cores = sorted(os.sched_getaffinity(0))[: 1 if self.unsafe else None]
        self._cores: SimpleQueue[int] = SimpleQueue()
        for core in cores:
            self._cores.put(core)
        self._pool = ThreadPoolExecutor(len(cores), thread_name_prefix="document")
        for read in selected:
            for example in read.document.examples:
                self._rows[example.id] = Future()
        for read in selected:
            self._pool.submit(self._run_document, read, chosen)

    def _open_zygote(self, names: list[str]) -> Zygote:
        if self._open is not None:
            return document_process.open_unsafe_zygote(names, self.log, self._certificate, self._open.port)
        courses = seen_by_all(self._siblings)
        return document_process.open_zygote(names, self.log, self._certificate, courses, str(self._cache))

    def row(self, example: Example) -> Row:
        """The verdict on an example, as soon as there is one."""
        return self._rows[example.id].result()

    def close(self) -> None:
        """End everything that still runs, and remove secrets from what it has printed."""
        is_whole = all(row.done() for row in self._rows.values())
        self._over.set()
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
        if self._zygote is not None:
            self._zygote.close()
        if self._open is not None:
            self._open.close()
        elif self._zygote is not None and is_whole:  # who ends a run does not wait for what the next one needs
            keep.keep(self._asked, self._hints, self._cache)
        if self._temporary is not None:
            self._temporary.close()
        with contextlib.suppress(OSError):
            privacy.scrub_file(self.log)

    def _run_document(self, read: Read, chosen: set[str]) -> None:
        core = self._cores.get()
        try:
            self._execute_document(core, read, chosen)
        except BaseException as error:
            problem = error if isinstance(error, TouchstoneError) else UsageError(f"{type(error).__name__}: {error}")
            for example in read.document.examples:
                if not self._rows[example.id].done():
                    self._rows[example.id].set_exception(problem)
        finally:
            self._cores.put(core)

    def _execute_document(self, core: int, read: Read, chosen: set[str]) -> None:
        examples = read.document.examples
        last = max(index for index, example in enumerate(examples) if example.id in chosen)
        assert self._zygote is not None
        state, names = DocumentState(), Names()
        seconds_left = DOCUMENT_EXAMPLES_IN_TIME * self.limits.seconds
        with contextlib.ExitStack() as stack:
            process: document_process.DocumentProcess | None = None
            for index, example in enumerate(examples[: last + 1]):
                if self._over.is_set():
                    return
                findings = check_example(example, names, self._releases)
                judgement, result = _without_running(example, findings, read.skipped), ExampleResult()
                if judgement is None and seconds_left <= 0:
                    judgement = Judgement(Verdict.TIMEOUT, "its document had used up its time")
                if judgement is None:
                    if process is None:
                        process = document_process.DocumentProcess(self._zygote, self._spec(read, core))
                        stack.callback(process.close)
                    started = time.monotonic()
                    result = process.execute(index, example)
                    seconds_left -= time.monotonic() - started
                    judgement = judge(example, result, findings, state)
                self._note_what_was_asked(result)
                state.record(example, judgement)
                self._rows[example.id].set_result(Row(example, judgement, result))

    def _note_what_was_asked(self, result: ExampleResult) -> None:
        for note in result.notes:
            if note.kind in ("checkpoint", "data set") and len(self._asked) < keep.MOST:
                self._asked[note.kind, note.subject] = None

    def _spec(self, read: Read, core: int) -> SandboxSpec:
        return SandboxSpec(
            self.limits,
            str(self._cache),
            self._authority,
            readable=(str(self._certificate),),
            siblings=self._siblings[read.file],
            hints=self._hints,
            local=usage_hints.local_checkpoints([read.document]),
            core=core,
            unsafe_folder=str(self._private) if self.unsafe else None,
        )


def beside(file: Path) -> dict[str, str]:
    """The files and folders beside a document that its examples may see, by name; none that would cover their home."""
    inside = file.parent.resolve()
    paths = {path.name: path.resolve() for path in file.parent.iterdir() if _is_visible(path)}
    return {
        name: str(path)
        for name, path in paths.items()
        if path.is_relative_to(inside) and not Path(namespaces.HOME).is_relative_to(path)
    }


def seen_by_all(siblings: Mapping[Path, Mapping[str, str]]) -> set[str]:
    """What is beside any of these documents: each path, or where these are very many the documents' folders.

    A folder as a whole has hidden files as well, which the documents' own walls leave out.
    """
    paths = {path for beside_one in siblings.values() for path in beside_one.values()}
    if len(paths) <= MOST_PATHS:
        return paths
    folders = set(namespaces.parents_first(str(file.parent.resolve()) for file in siblings))
    return folders | {path for path in paths if not folders & {str(parent) for parent in Path(path).parents}}


def _is_visible(path: Path) -> bool:
    """Whether it is a file or folder and not hidden; a link that leads in circles is neither, nor is a socket."""
    return not path.name.startswith(".") and (path.is_file() or path.is_dir())


def _without_running(example: Example, findings: Sequence[Any], skipped: Mapping[str, str]) -> Judgement | None:
    """The verdict on what is not run: calls in sentences, what is not Python, shell lines, what the course skips."""
    if example.id in skipped:
        return Judgement(Verdict.FRAGMENT, f"the course skips it: {skipped[example.id]}")
    if example.kind == "inline":
        return judge_unrun(findings, "the installed release takes the call (it was not run)")
    if runs_nothing(example.code):
        return Judgement(Verdict.FRAGMENT, "it holds nothing but comments and shell lines, which are not run")
    try:
        parse(example.code)
    except SyntaxError:
        return judge_unrun(findings, "")
    return None


def _new_authority() -> tuple[bytes, bytes]:
    try:
        from suite.course.stand_ins.network import new_authority

        return new_authority()
    except ImportError as error:
        raise UsageError(
            f"Running a course needs the package {error.name}: pip install 'touchstone-bench[course]'."
        ) from None


def _preloads(documents: Sequence[Document], known: Mapping[str, str]) -> list[str]:
    modules, names = usage_hints.preloads(documents)
    classes = {hint for hint in known.values() if hint[:1].isupper() and hint.isidentifier()}
    resolved = [resolve(name, hint) for name, hint in known.items()]
    classes |= {one.entry.architecture for one in resolved if one.entry and one.entry.architecture}
    return [*(f"{module}:" for module in modules), *names, *sorted(classes)]
