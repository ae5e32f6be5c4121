"""pytest's hooks and items for the examples of courses; the work is done in the modules that they call."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from suite.core.errors import LONGEST_SENTENCE, TouchstoneError, sentence
from suite.core.printable import printable, shortened
from suite.core.privacy import scrub
from suite.course.documents.model import Example
from suite.course.run import CourseRun, Read, Row, read_courses
from suite.course.sandbox.namespaces import Limits
from suite.course.verdicts.verdict import PASSING, SKIPPING, Verdict
from suite.plugin import options
from suite.records import machine
from suite.records.run_folder import RunFolder, point_latest
from suite.task import discovery


class Session:
    """What the hooks share. Nothing is started and no folder is made before the first example."""

    def __init__(self, config: pytest.Config) -> None:
        self.own = discovery.tasks_root() / "examples"
        self.settings = options.read_course_settings(config, self.own)
        self.conditions = machine.describe()
        self.reads: list[Read] = []
        self.course: CourseRun | None = None
        self.folder: RunFolder | None = None
        self.rows: list[Row] = []
        self.started = time.monotonic()

    def open(self, chosen: set[str]) -> None:
        """Make the run's folder and start the documents' processes."""
        self.folder = RunFolder.create(self.settings.results, datetime.now(UTC).strftime("%Y%m%d-%H%M%S"))
        self.folder.lock()
        courses = dict.fromkeys(
            self.own.name if path.parent == self.own and path.is_file() else path.name for path in self.settings.courses
        )
        documents = [read.document for read in self.reads]
        without_rows = {
            "unread": {document.path: document.problem for document in documents if document.problem},
            "without_examples": [one.path for one in documents if not one.examples and not one.problem],
        }
        self.folder.write_conditions(
            {"run": self.folder.name, **self.conditions, "courses": [*courses], **without_rows}
        )
        point_latest(self.settings.results, self.folder.path)
        limits = Limits(memory=self.settings.example_memory, seconds=self.settings.example_timeout)
        self.course = CourseRun(self.reads, limits, self.folder.path / "log.txt", unsafe=self.settings.unsafe)
        self.course.start(chosen)

    def finish(self) -> None:
        """End the processes; write the tables."""
        if self.course is not None:
            self.course.close()
        if self.folder is not None and self.rows:
            from suite.course.report import write_course

            wall = round(time.monotonic() - self.started, 1)
            self.folder.write_conditions({**self.folder.conditions(), "wall_s": wall, "examples": len(self.rows)})
            write_course(self.folder.path)


SESSION = pytest.StashKey[Session]()


def pytest_configure(config: pytest.Config) -> None:
    """Read the options; a value that cannot be used ends the session with exit code 4."""
    try:
        config.stash[SESSION] = Session(config)
    except TouchstoneError as error:
        raise pytest.UsageError(sentence(error)) from None


def pytest_report_header(config: pytest.Config) -> list[str]:
    """The machine and the releases that the examples are run with."""
    return machine.summary(config.stash[SESSION].conditions)


class DocumentNode(pytest.Collector):
    """A document of a course."""

    read: Read

    def collect(self) -> list[pytest.Item]:
        """An item for each example, and one that fails for a document that cannot be read."""
        document = self.read.document
        if document.problem:
            return [UnreadItem.from_parent(self, name=document.path, nodeid=document.path)]
        return [ExampleItem.make(self, example) for example in document.examples]


class UnreadItem(pytest.Item):
    """A document that could not be read."""

    def runtest(self) -> None:
        """Fail with the reason."""
        assert isinstance(self.parent, DocumentNode)
        problem = printable(scrub(str(self.parent.read.document.problem)))
        pytest.fail(f"{self.name} was not read: {problem}", pytrace=False)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where it is."""
        return self.path, 0, self.name


class ExampleItem(pytest.Item):
    """An example of a document."""

    example: Example

    @classmethod
    def make(cls, parent: DocumentNode, example: Example) -> ExampleItem:
        """An item named by its document and place."""
        item: ExampleItem = cls.from_parent(parent, name=example.id, nodeid=example.id)
        item.example = example
        return item

    def runtest(self) -> None:
        """Wait for the verdict, record it and report it to pytest."""
        __tracebackhide__ = True
        session = self.config.stash[SESSION]
        assert session.course is not None
        assert session.folder is not None
        try:
            row = session.course.row(self.example)
        except TouchstoneError as error:
            pytest.fail(sentence(error), pytrace=False)
        session.rows.append(row)
        session.folder.append_example(row.columns())
        verdict = row.judgement.verdict
        reason = shortened(f"{verdict}: {scrub(row.judgement.sentence)}", LONGEST_SENTENCE)
        self.user_properties.append(("verdict", str(verdict)))
        if verdict in SKIPPING:
            pytest.skip(reason)
        if verdict not in PASSING:
            pytest.fail(reason, pytrace=False)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where it is."""
        return self.path, self.example.line - 1, f"the example at {self.example.id}"


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> bool:
    """Collect the examples and nothing else; no Python file of a course is imported."""
    config = session.config
    state = config.stash[SESSION]
    try:
        state.reads = read_courses(state.settings.courses, config.invocation_params.dir)
    except TouchstoneError as error:
        raise pytest.UsageError(sentence(error)) from None
    items: list[pytest.Item] = []
    for read in state.reads:
        node: DocumentNode = DocumentNode.from_parent(
            session, name=read.document.path, nodeid=read.document.path, path=read.file
        )
        node.read = read
        examples = node.collect()
        report = pytest.CollectReport(node.nodeid, "passed", None, [*examples])
        config.hook.pytest_collectreport(report=report)
        items += examples
    session.items = items
    config.hook.pytest_collection_modifyitems(session=session, config=config, items=items)
    config.hook.pytest_collection_finish(session=session)
    session.testscollected = len(items)
    return True


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """Start the documents that are selected."""
    chosen = {item.example.id for item in session.items if isinstance(item, ExampleItem)}
    if session.config.option.collectonly or not chosen:
        return
    try:
        session.config.stash[SESSION].open(chosen)
    except TouchstoneError as error:
        raise pytest.UsageError(sentence(error)) from None


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """End every process, and write what there is."""
    session.config.stash[SESSION].finish()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """End with the verdicts' counts and the paths of the tables."""
    state = config.stash[SESSION]
    if state.folder is None:
        return
    terminalreporter.section("touchstone")
    counts = Counter(row.judgement.verdict for row in state.rows)
    for verdict, count in sorted(counts.items(), key=lambda item: list(Verdict).index(item[0])):
        terminalreporter.write_line(f"{count:6}  {verdict}")
    for name in ("course.md", "course.html"):
        terminalreporter.write_line(f"{name}: {_relative(state.folder.path / name, config)}")


def _relative(path: Path, config: pytest.Config) -> str:
    here = config.invocation_params.dir
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Whatever happened, leave no process and no lock behind."""
    state: Any = config.stash.get(SESSION, None)
    if state is not None and state.course is not None:
        state.course.close()
    if state is not None and state.folder is not None:
        state.folder.unlock()
