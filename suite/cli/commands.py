"""The command line: its parser, and one function per command.

A command takes the parsed arguments and returns the exit code. It imports what it needs itself: `--help` stays fast.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

DESCRIPTION = "Touchstone beside pytest: reports, the build cache, the miniatures, and what the harness itself costs."
RUN_HELP = "a run's name or folder"
RESULTS_HELP = "where the runs are"
TASKS_HELP = "the folder of task files"


def main(arguments: Sequence[str] | None = None, program: str = "touchstone") -> int:
    """Run one command and return its exit code; a user's mistake is a sentence and exit code 4.

    Args:
        arguments: the words after the program's name (default: those of this process).
        program: how the user called it, for the usage lines.
    """
    parser = _parser(program)
    parsed, rest = parser.parse_known_args(arguments)
    parsed.rest = rest
    if parsed.rest and parsed.command not in (bench, course):
        parser.error(f"unrecognized arguments: {' '.join(parsed.rest)}")
    from suite.core.errors import TouchstoneError, sentence

    try:
        return int(parsed.command(parsed))
    except TouchstoneError as error:
        print(f"ERROR: {sentence(error)}", file=sys.stderr)
        return 4


def _parser(program: str) -> argparse.ArgumentParser:
    """Every command with its options. `command` of what is parsed is the function to call."""
    parser = argparse.ArgumentParser(prog=program, description=DESCRIPTION)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    command = commands.add_parser("bench", help="run pytest on the installed tasks, from any folder", add_help=False)
    command.set_defaults(command=bench)

    command = commands.add_parser("report", help="rebuild the report from the rows of one or several runs")
    command.add_argument("runs", nargs="*", default=["latest"], metavar="RUN", help=RUN_HELP)
    command.add_argument("--results", default="results", type=Path, metavar="DIR", help=RESULTS_HELP)
    usage = "where to write it (default: the run's own folder, or one in --results)"
    command.add_argument("--into", type=Path, metavar="DIR", help=usage)
    command.add_argument("--plots", action="store_true", help="write the figures to plots/ too, as PNG files")
    command.set_defaults(command=report)

    command = commands.add_parser("coverage", help="show the status of every cell of the matrix, and what is missing")
    command.add_argument("run", nargs="?", default="latest", metavar="RUN", help=RUN_HELP)
    command.add_argument("--results", default="results", type=Path, metavar="DIR", help=RESULTS_HELP)
    command.add_argument("--tasks", type=Path, metavar="DIR", help=TASKS_HELP)
    command.set_defaults(command=coverage)

    command = commands.add_parser("cache", help="list or clear the exports and compiled kernels kept on the disk")
    command.add_argument("action", choices=["list", "clear"])
    command.set_defaults(command=cache)

    command = commands.add_parser("doctor", help="show what this machine lacks, and what to do about it")
    command.set_defaults(command=doctor)

    command = commands.add_parser("miniatures", help="train or re-score the shipped miniatures")
    actions = command.add_subparsers(required=True, metavar="ACTION")
    action = actions.add_parser("build", help="train a miniature by its recipe")
    action.add_argument("names", nargs="+", metavar="NAME")
    action.add_argument("--tasks", type=Path, metavar="DIR", help=TASKS_HELP)
    action.set_defaults(command=build_miniatures)
    action = actions.add_parser("check", help="re-score every shipped miniature and compare it with its card")
    action.add_argument("--tasks", type=Path, metavar="DIR", help=TASKS_HELP)
    action.set_defaults(command=check_miniatures)

    usage = "run the examples of courses, from any folder: course [PATH ...] [pytest's options]"
    command = commands.add_parser("course", help=usage, add_help=False)
    command.set_defaults(command=course)

    usage = "find in a course's examples what libraries have removed; runs none"
    command = commands.add_parser("lint-course", help=usage)
    command.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a document, or a folder of them")
    command.add_argument(
        "--release",
        action="append",
        default=[],
        metavar="LIBRARY==VERSION",
        help="check against this release (default: the newest)",
    )
    command.add_argument("--installed", action="store_true", help="check against the releases that are installed here")
    command.set_defaults(command=lint_course)

    usage = "try every line of the table of removals on the releases before and after; needs pip"
    command = commands.add_parser("verify-lifecycle", help=usage)
    command.add_argument("lines", nargs="*", metavar="ROW", help="a library or a pattern of the table (default: all)")
    usage = "search the releases between for the first one that lacks it"
    command.add_argument("--bisect", action="store_true", help=usage)
    command.set_defaults(command=verify_lifecycle)

    _add_commands_for_contributors(commands)
    return parser


def _add_commands_for_contributors(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("overhead", help="measure what the harness itself costs")
    command.add_argument("--quick", action="store_true", help="fewer repetitions")
    command.add_argument("--json", type=Path, metavar="FILE", help="also write the numbers here")
    command.set_defaults(command=overhead)

    usage = "kill real runs at random moments, continue them, and count what is lost or left behind; for contributors"
    command = commands.add_parser("soak", help=usage)
    command.add_argument("--kills", type=int, default=200, metavar="N", help="how many kills (default: 200)")
    command.add_argument("--seconds", type=float, metavar="N", help="end after so long, even with fewer kills")
    command.add_argument("--seed", type=int, default=0, metavar="N", help="of the random moments (default: 0)")
    command.set_defaults(command=soak)

    usage = (
        "try a tiny checkpoint of every architecture that transformers maps to our Auto classes, and write the table"
    )
    command = commands.add_parser("families", help=usage)
    command.add_argument(
        "--class", action="append", default=[], dest="classes", metavar="AUTO_CLASS", help="only this one"
    )
    command.add_argument("--family", action="append", default=[], metavar="MODEL_TYPE", help="only this one")
    command.add_argument("--again", action="store_true", help="also what the table has already")
    command.add_argument("--jobs", type=int, default=1, metavar="N", help="trials at a time (default: 1)")
    command.add_argument("--seconds", type=int, default=180, metavar="N", help="processor time that one may take")
    usage = "where table and page are (default: results/families)"
    command.add_argument("--into", type=Path, default=Path("results", "families"), metavar="DIR", help=usage)
    command.set_defaults(command=families)

    command = commands.add_parser("docs", help="write the generated tables of the pages again; for contributors")
    command.add_argument(
        "--check", action="store_true", help="write nothing, and exit with 1 if a table is out of date"
    )
    command.set_defaults(command=docs)


def bench(parsed: argparse.Namespace) -> int:
    """Run pytest on the installed tasks; every argument is pytest's."""
    from suite.cli.pytest_process import run_pytest
    from suite.task import discovery

    return run_pytest("--import-mode=importlib", str(discovery.tasks_root()), *parsed.rest)


def course(parsed: argparse.Namespace) -> int:
    """Run pytest on the documents of courses: paths first, then pytest's options."""
    import os

    from suite.cli.pytest_process import run_pytest
    from suite.core.import_path import SAFE_PATH, package_folders

    # A course's own pytest settings and conftest.py are for its own tests: nothing of it is imported here.
    apart = ("-c", os.devnull, "--rootdir", ".", "--noconftest", "-o", "cache_dir=.pytest_cache")
    count = next((place for place, text in enumerate(parsed.rest) if text.startswith("-")), len(parsed.rest))
    courses = [f"--course={path}" for path in parsed.rest[:count]] or ["--course"]
    options = parsed.rest[count:]
    paths = {"PYTHONPATH": package_folders(os.environ.get("PYTHONPATH", "")), SAFE_PATH: "1"}
    return run_pytest(*apart, *courses, *options, environment={**os.environ, **paths}, python_options=("-P",))


def report(parsed: argparse.Namespace) -> int:
    """Write the report of one run, or of several side by side, and print its path."""
    from suite.analysis.status_changes import write_changes
    from suite.core.errors import UsageError
    from suite.records.run_folder import find_run
    from suite.report import write_report

    runs = [find_run(parsed.results, name) for name in parsed.runs]
    folders = [run.path for run in runs]
    # A baseline is committed: its report goes beside the runs.
    alone = parsed.results / f"report-{runs[0].name}" if runs[0].is_baseline else folders[0]
    into = parsed.into or (alone if len(runs) == 1 else parsed.results / "comparison")
    measured = [run.path for run in runs if run.has_cells]
    try:
        if len(folders) > 1:
            print(write_changes(folders, into))
        elif not measured:
            from suite.course.report import write_course

            write_course(folders[0])
            print(folders[0] / "course.html")
        if measured:
            print(write_report(measured, into, with_plots=parsed.plots))
    except OSError as error:
        raise UsageError(
            f"Cannot write the report to {into} ({error.strerror}): name another folder with --into."
        ) from None
    return 0


def coverage(parsed: argparse.Namespace) -> int:
    """Print the status of every cell of the matrix; 1 if some are missing."""
    from rich.console import Console

    from suite.analysis.frames import cells_of, records
    from suite.records.run_folder import find_run
    from suite.report.coverage import print_coverage
    from suite.run.plan import matrix
    from suite.task import discovery

    run = find_run(parsed.results, parsed.run)
    folders = (parsed.tasks or discovery.tasks_root(), *discovery.installed_folders())
    expected = matrix(discovery.load_tasks(*folders))
    return 1 if print_coverage(Console(), records(cells_of(run)), expected) else 0


def cache(parsed: argparse.Namespace) -> int:
    """List the builds on the disk, or delete them."""
    from suite.backends.shared import compiler_files
    from suite.worker.build_cache import BuildCache

    builds = BuildCache()
    if parsed.action == "clear":
        print(f"freed {(builds.clear() + compiler_files.clear()) / 1e6:.1f} MB")
        return 0
    entries = builds.entries()
    for entry in entries:
        print(entry)
    print(f"{len(entries)} builds in {builds.root}")
    print(f"{compiler_files.size() / 1e6:.1f} MB of headers that compilations share in {compiler_files.root()}")
    return 0


def doctor(parsed: argparse.Namespace) -> int:  # noqa: ARG001
    """Print what is missing here and what to do; 1 if the default matrix cannot run."""
    from suite.cli.doctor import print_findings

    return print_findings()


def build_miniatures(parsed: argparse.Namespace) -> int:
    """Train the named miniatures and ship each with its card."""
    from suite.task import discovery, miniatures

    root = parsed.tasks or discovery.tasks_root()
    for name in parsed.names:
        miniatures.build(name, root, progress=print)
    return 0


def check_miniatures(parsed: argparse.Namespace) -> int:
    """Score every shipped miniature again; 1 if a file or a score is not what its card says."""
    from suite.task import discovery, miniatures

    problems = miniatures.check(parsed.tasks or discovery.tasks_root(), progress=print)
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def lint_course(parsed: argparse.Namespace) -> int:
    """Print what the examples of a course use that libraries have removed; 1 if there is something to fix."""
    from suite.core.errors import UsageError
    from suite.core.printable import printable
    from suite.course.lifecycle.table import installed_releases
    from suite.course.lint import lint

    releases = installed_releases() if parsed.installed else {}
    for text in parsed.release:
        library, _, release = text.partition("==")
        if not release:
            raise UsageError(f"--release {text}: write it as transformers==5.23.0.")
        releases[library] = release
    documents, findings = lint.lint(parsed.paths, releases)
    for line in lint.lines(documents, findings):
        print(printable(line))
    wrong = lint.to_fix(documents, findings)
    examples = sum(len(document.examples) for document in documents)
    print(f"{examples} examples in {len(documents)} documents: {wrong or 'nothing'} to fix", file=sys.stderr)
    return 1 if wrong else 0


def verify_lifecycle(parsed: argparse.Namespace) -> int:
    """Try lines of the table of removals on real releases; 1 if one is wrong."""
    from suite.course.lifecycle import verify
    from suite.course.lifecycle.releases import Releases

    releases = Releases(verify.releases_root())
    lines = verify.chosen(parsed.lines)
    if parsed.bisect:
        for line in lines:
            print(f"{line.key}: last seen in {{}}, first gone in {{}}".format(*verify.bisect(line, releases)))
        return 0
    verified = verify.verify(lines, releases, progress=lambda text: print(text, file=sys.stderr))
    for result in verified:
        print(result)
    wrong = sum(bool(result.problems) for result in verified)
    left = len(lines) - len(verified)
    print(f"{len(verified)} lines tried, {wrong} wrong, {left} of services that no release shows", file=sys.stderr)
    return 1 if wrong else 0


def overhead(parsed: argparse.Namespace) -> int:
    """Measure what the harness costs; 1 if a figure is over its limit."""
    from suite.cli.overhead import measure_overhead
    from suite.core.errors import UsageError

    if parsed.json is not None and not parsed.json.absolute().parent.is_dir():
        raise UsageError(f"--json {parsed.json} cannot be written: {parsed.json.absolute().parent} is not a folder.")
    return measure_overhead(quick=parsed.quick, into=parsed.json)


def soak(parsed: argparse.Namespace) -> int:
    """Kill runs and count what is lost, doubled or left behind; 1 if anything is."""
    from suite.benchmarks.soak import soak as kill_runs

    counts = kill_runs(parsed.kills, parsed.seconds, parsed.seed, lambda line: print(line, flush=True))
    print(f"{counts.kills.total()} kills, seed {parsed.seed}")
    for line in counts.lines():
        print(line)
    return 0 if counts.is_clean else 1


def families(parsed: argparse.Namespace) -> int:
    """Try the families and write their table; 1 if one fails."""
    from suite.cli.families import Chosen, write_families

    chosen = Chosen(parsed.classes, parsed.family, parsed.again)
    failing = write_families(
        parsed.into, chosen, max(1, parsed.jobs), parsed.seconds, lambda line: print(line, flush=True)
    )
    print(parsed.into / "README.md")
    print(f"{len(failing)} fail", file=sys.stderr)
    return 1 if failing else 0


def docs(parsed: argparse.Namespace) -> int:
    """Write the generated tables of the pages again; with --check only compare, and 1 if one is out of date."""
    from suite.cli.docs import write_pages

    changed = write_pages(write=not parsed.check)
    for page in changed:
        print(f"{page} {'is out of date: run `python -m suite docs`' if parsed.check else 'written'}")
    return 1 if parsed.check and changed else 0
