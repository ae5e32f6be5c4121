"""The matrix as pytest runs it: hooks only, and the run as a fixture. What they do is said in the modules they call."""

from __future__ import annotations

import threading
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from suite.checks import CHECKS
from suite.core.cell import Cell, Status
from suite.core.errors import TouchstoneError, sentence
from suite.core.outcome import Outcome
from suite.core.printable import printable
from suite.plugin import extensions, options, parallel
from suite.plugin.again import MeasuredAgain
from suite.plugin.benchmark_clock import leave_out_the_tables
from suite.plugin.ending import import_meanwhile, print_summary, write_report
from suite.plugin.growing_report import GrowingReport
from suite.plugin.progress import Progress
from suite.run.conditions import summary
from suite.run.plan import is_selected, quick, waiting
from suite.run.run import COULD_NOT_MEASURE_STATUS, Run, exit_status
from suite.task import discovery

RUN = pytest.StashKey[Run]()
REPORT = pytest.StashKey[str]()
IMPORTING = pytest.StashKey[threading.Thread]()
PROGRESS = pytest.StashKey[Progress]()
GROWING = pytest.StashKey[GrowingReport]()
AGAIN = "suite.plugin.again"


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Read the options; a value that cannot be used ends the session with exit code 4."""
    config.addinivalue_line("markers", "quick: one pair of backends for each capability, in a minute or two")
    try:
        further = extensions.task_folders(config)
        settings = options.read_settings(config, discovery.tasks_root(), further)
        parallel.refuse(config, settings.task_folders)
        run = config.stash[RUN] = Run(settings)
    except TouchstoneError as error:
        raise pytest.UsageError(sentence(error)) from None
    if not config.option.usepdb:  # a debugger stops at the first turn
        config.pluginmanager.register(MeasuredAgain(run, lambda line: _tell(config, line)), AGAIN)


def _tell(config: pytest.Config, line: str) -> None:
    """Show a line between two items."""
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if PROGRESS in config.stash:
        config.stash[PROGRESS].tell(line)
    elif terminal is not None:
        terminal.ensure_newline()
        terminal.write_line(printable(line))


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say what is under test."""
    return summary(config.stash[RUN].conditions)


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Find the cells, so that a request that fits nothing is refused before anything is collected."""
    run = session.config.stash[RUN]
    try:
        _ = run.planned, run.known_failures, run.resumed
    except TouchstoneError as error:
        raise pytest.UsageError(sentence(error)) from None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give each check's test function the cells to which the check applies."""
    check = _check(metafunc.fixturenames)
    if check is None or "cell" not in metafunc.fixturenames:
        return
    planned = metafunc.config.stash[RUN].planned
    chosen = quick(planned)
    metafunc.parametrize(
        "cell",
        [
            pytest.param(entry.cell, id=entry.cell.id, marks=[pytest.mark.quick] if entry.cell.id in chosen else [])
            for entry in planned
            if check in entry.checks
        ],
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Select by --capability and --backend, and bring the items of one checkpoint together."""
    run = config.stash[RUN]
    keep: list[pytest.Item] = []
    drop: list[pytest.Item] = []
    named = _by_node_id(config)
    chosen = {
        entry.cell.id
        for entry in run.planned
        if is_selected(entry, run.settings) or (named and not entry.backend.runs_unasked(entry.cell.device))
    }
    for item in items:
        pair = _cell_of(item)
        if pair is None and _check(getattr(item, "fixturenames", ())):
            continue  # a check that applies to no cell at all
        (keep if pair is None or pair[0].id in chosen else drop).append(item)
    if drop:
        config.hook.pytest_deselected(items=drop)
    # One sort, and stable: a session-scoped parameter would group them too, but would break the node ids in two.
    groups = {entry.cell.group: index for index, entry in enumerate(run.planned)}
    items[:] = sorted(keep, key=lambda item: _place(item, groups))


def _by_node_id(config: pytest.Config) -> bool:
    """Whether the cells themselves are named on the command line, each with its backend, and no --backend is."""
    return not config.stash[RUN].settings.backends and any(
        "::" in argument and "[" in argument for argument in config.args
    )


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    """Count the cells' checks that were left out."""
    if items:
        items[0].config.stash[RUN].deselected += sum(_cell_of(item) is not None for item in items)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Note what is selected."""
    run = session.config.stash[RUN]
    run.selected = [pair for item in session.items if (pair := _cell_of(item))]
    terminal = session.config.pluginmanager.get_plugin("terminalreporter")
    if not run.selected or len(run.selected) < len(session.items):
        return  # tests of the user's own are shown as ever
    leave_out_the_tables(session.config)
    if terminal is not None and session.config.option.verbose == 0:
        terminal.showfspath = False
        session.config.stash[PROGRESS] = Progress(terminal, len(run.selected), run.messages)


def pytest_report_collectionfinish(config: pytest.Config) -> list[str]:
    """Say how many cells are selected and deselected."""
    run = config.stash[RUN]
    if not run.selected and not run.deselected:
        return []
    selected = len({cell.id for cell, _ in run.selected})
    existing = len(run.planned)
    left = "" if _by_node_id(config) else ", ".join(waiting(run.planned, run.settings))
    return [
        f"cells: {selected} selected, {existing - selected} deselected; "
        f"checks: {len(run.selected)} selected, {run.deselected} deselected",
        *(
            [f"left out unless asked for, since it takes long: {left} (--backend NAME, or --backend all)"]
            if left
            else []
        ),
    ]


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """Refuse before the first cell what would fail at every one."""
    run = session.config.stash[RUN]
    if not run.selected or session.config.option.collectonly or session.testsfailed:
        return
    if parallel.is_worker(session.config):
        return  # each of its cells is refused
    if all(check == "latency" for _, check in run.selected) and not measures_latency(session.config):
        return
    try:
        run.prepare()
        run.begin(times=measures_latency(session.config))
        _let_the_report_grow(session.config)
        if run.settings.isolate:  # or the workers' own imports would wait for these
            session.config.stash[IMPORTING] = import_meanwhile(run.runner.gate)
    except TouchstoneError as error:
        raise pytest.UsageError(sentence(error)) from None


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Stop the workers, set the exit code and write the report of what there is."""
    run = session.config.stash[RUN]
    if PROGRESS in session.config.stash:
        session.config.stash[PROGRESS].stop()
    _end_the_growing_report(session.config)
    if exitstatus == pytest.ExitCode.TESTS_FAILED and session.testsfailed == len(run.unmeasured):
        session.exitstatus = exit_status(run.statuses) or exitstatus
    elif exitstatus == pytest.ExitCode.OK and not session.config.option.collectonly and run.shows_nothing:
        session.exitstatus = COULD_NOT_MEASURE_STATUS
    run.finish(int(session.exitstatus))
    if IMPORTING in session.config.stash:
        session.config.stash[IMPORTING].join()  # no thread may still import as the interpreter ends
    if run.folder is not None:
        session.config.stash[REPORT] = write_report(run.folder.path, session.config.getoption("--plots"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Show the cell at work."""
    progress, pair = item.config.stash.get(PROGRESS, None), _cell_of(item)
    if progress and pair:
        progress.start(*pair)
    done = yield
    run = item.config.stash[RUN]
    terminal = item.config.pluginmanager.get_plugin("terminalreporter")
    while progress is None and terminal is not None and run.messages:
        terminal.ensure_newline()
        terminal.write_line(printable(run.messages.popleft()))
    return done


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show a check's mark as soon as it is known; a check that something else skipped is not missing."""
    report = yield
    progress, pair = item.config.stash.get(PROGRESS, None), _cell_of(item)
    if pair and report.skipped and report.when == "setup":
        item.config.stash[RUN].leave_out(*pair)
    if progress and pair and (report.when == "call" or (report.when == "setup" and not report.passed)):
        if _will_be_repeated(item):
            progress.postpone()
        else:
            progress.end(report)
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_report_teststatus(report: pytest.TestReport, config: pytest.Config) -> tuple[str, str, str] | None:
    """Where the progress is shown by cell, no letter by test file is wanted as well; the counts remain."""
    progress = config.stash.get(PROGRESS, None)
    if progress is None or progress.over or not isinstance(report, pytest.TestReport):
        return None
    if report.when != "call" and not (report.when == "setup" and not report.passed):
        return None
    if hasattr(report, "wasxfail"):
        return ("xfailed" if report.skipped else "xpassed"), "", ""
    if report.failed:
        return ("failed" if report.when == "call" else "error"), "", ""
    return report.outcome, "", ""


def _end_the_growing_report(config: pytest.Config) -> None:
    if GROWING in config.stash:
        config.stash[GROWING].close()
        del config.stash[GROWING]


def _let_the_report_grow(config: pytest.Config) -> None:
    run = config.stash[RUN]
    if run.folder is not None:
        config.stash[GROWING] = GrowingReport(run.folder.path, run.runner.gate, run.messages.append)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config
) -> Generator[None]:
    """End, below what pytest and its plugins say, with one compact table and the path of the report."""
    try:
        yield
    finally:  # pytest-benchmark raises here what --benchmark-compare-fail asks for
        if REPORT in config.stash:
            print_summary(terminalreporter, exitstatus, config.stash[RUN], Path(config.stash[REPORT]))


def pytest_benchmark_update_machine_info(machine_info: dict[str, Any]) -> None:
    """No host name in pytest-benchmark's JSON."""
    machine_info.pop("node", None)


@pytest.fixture
def run(request: pytest.FixtureRequest) -> Run:
    """The session's run."""
    return request.config.stash[RUN]


def verify(cell: Cell, check: str, outcome: Outcome) -> None:
    """Fail the test, in a sentence, if the check did.

    What is too noisy has not failed; where it is an error, the fixture has said so.
    """
    __tracebackhide__ = True
    if outcome.status not in (Status.PASSED, Status.UNSTABLE):
        pytest.fail(printable(f"{cell.id}: {check} {outcome.status}: {outcome.reason}"), pytrace=False)


def measures_latency(config: pytest.Config) -> bool:
    """Whether calls are timed: pytest-benchmark's own options can leave that out."""
    skipped = config.getoption("benchmark_skip", False)
    disabled = config.getoption("benchmark_disable", False) and not config.getoption("benchmark_enable", False)
    return not skipped and not disabled


def is_named(config: pytest.Config) -> bool:
    """Whether the user named what to run, rather than a checkpoint alone."""
    named = config.getoption("--capability") or config.option.keyword or any("::" in word for word in config.args)
    return bool(named) or not config.getoption("--model")


def _will_be_repeated(item: pytest.Item) -> bool:
    again = item.config.pluginmanager.get_plugin(AGAIN)
    return again is not None and again.holds(item)


def _check(names: Sequence[str]) -> str | None:
    return next((check for check in CHECKS if check in names), None)


def _cell_of(item: pytest.Item) -> tuple[Cell, str] | None:
    """The cell and the check of an item, if it is one of ours."""
    callspec = getattr(item, "callspec", None)
    cell = callspec.params.get("cell") if callspec else None
    check = _check(getattr(item, "fixturenames", ()))
    return (cell, check) if isinstance(cell, Cell) and check else None


def _place(item: pytest.Item, groups: Mapping[str, int]) -> tuple[int, int]:
    pair = _cell_of(item)
    return (groups[pair[0].group], CHECKS.index(pair[1])) if pair else (-1, 0)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Whatever happened, leave no worker and no lock behind."""
    _end_the_growing_report(config)
    run = config.stash.get(RUN, None)
    if run is not None:
        run.close()
