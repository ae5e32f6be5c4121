"""How a run of the matrix ends: the report, and below all else a table, what could not be timed, and the path."""

from __future__ import annotations

import importlib
import io
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from suite.core.printable import printable
from suite.executors.gate import Closed, Gate
from suite.run.run import Run

IMPORTS = "suite.report.imports"


def import_meanwhile(gate: Gate) -> threading.Thread:
    """Import what the report needs in a thread, while the first workers start: the end need not wait for it then.

    Nothing is timed before it is over.
    """

    def work() -> None:
        with suppress(Closed), gate.work():
            importlib.import_module(IMPORTS)

    thread = threading.Thread(target=work, name="imports", daemon=True)
    thread.start()
    return thread


def write_report(folder: Path, with_plots: bool) -> str:
    """Write the report of a run into its folder; its path, or what to do where it could not be written."""
    from suite.report import write_report

    try:
        return str(write_report([folder], folder, with_plots=with_plots))
    except OSError as error:
        return f"not written ({error.strerror}); the rows are safe: python -m suite report {folder}"


def print_summary(terminal: pytest.TerminalReporter, exitstatus: int, run: Run, report: Path) -> None:
    """The table of the run, its remarks and warnings, and where its log and its `report` are."""
    if run.folder is None:
        return
    from rich.console import Console

    from suite.report import print_summary

    table = io.StringIO()
    print_summary(Console(file=table, force_terminal=terminal.hasmarkup, width=100), run.folder.path)
    terminal.section("touchstone")
    terminal.write_line(table.getvalue())
    for line in run.remarks:
        terminal.write_line(printable(line))
    for warning in run.runner.warnings:
        terminal.write_line(f"warning: {printable(warning)}")
    for (name, _), reason in run.noisy.items():
        terminal.write_line(f"warning: {printable(name)}: {printable(reason)}")
    if exitstatus == pytest.ExitCode.INTERRUPTED:
        terminal.write_line(f"interrupted: continue with --resume={run.folder.name}")
    here = terminal.config.invocation_params.dir
    terminal.write_line(f"log: {_relative(run.runner.log, here)}")
    terminal.write_line(f"report: {_relative(report, here)}")


def _relative(path: Path, here: Path) -> str:
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
