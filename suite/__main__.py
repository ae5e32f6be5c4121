"""Touchstone beside pytest: reports, the build cache, the miniatures, and what the harness itself costs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; a user's mistake is a sentence and exit code 4."""
    parsed, rest = _parser().parse_known_args(arguments)
    parsed.rest = rest
    if rest and parsed.command not in (_bench, _course):
        _parser().error(f"unrecognized arguments: {' '.join(rest)}")
    from suite.core.errors import TouchstoneError

    try:
        return int(parsed.command(parsed) or 0)
    except TouchstoneError as error:
        print(f"ERROR: {' '.join(str(error).split())}", file=sys.stderr)
        return 4


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m suite", description=__doc__)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    bench = commands.add_parser("bench", help="run pytest on the installed tasks, from any folder", add_help=False)
    bench.set_defaults(command=_bench)

    report = commands.add_parser("report", help="rebuild the report from the rows of one or several runs")
    report.add_argument("runs", nargs="*", default=["latest"], metavar="RUN", help="a run's name or folder")
    report.add_argument("--results", default="results", type=Path, metavar="DIR", help="where the runs are")
    report.add_argument("--into", type=Path, metavar="DIR", help="where to write it (default: the run's own folder)")
    report.set_defaults(command=_report)

    coverage = commands.add_parser("coverage", help="show the status of every cell of the matrix, and what is missing")
    coverage.add_argument("run", nargs="?", default="latest", metavar="RUN", help="a run's name or folder")
    coverage.add_argument("--results", default="results", type=Path, metavar="DIR", help="where the runs are")
    coverage.add_argument("--tasks", type=Path, metavar="DIR", help="the folder of task files")
    coverage.set_defaults(command=_coverage)

    cache = commands.add_parser("cache", help="list or clear the exports and compiled kernels kept on the disk")
    cache.add_argument("action", choices=["list", "clear"])
    cache.set_defaults(command=_cache)

    miniatures = commands.add_parser("miniatures", help="train or re-score the shipped miniatures")
    actions = miniatures.add_subparsers(required=True, metavar="ACTION")
    build = actions.add_parser("build", help="train a miniature by its recipe")
    build.add_argument("names", nargs="+", metavar="NAME")
    build.set_defaults(command=_build)
    check = actions.add_parser("check", help="re-score every shipped miniature and compare it with its card")
    check.set_defaults(command=_check)
    for action in (build, check):
        action.add_argument("--tasks", type=Path, metavar="DIR", help="the folder of task files")

    told = "run the examples of courses, from any folder: course [PATH ...] [pytest's options]"
    course = commands.add_parser("course", help=told, add_help=False)
    course.set_defaults(command=_course)

    lint = commands.add_parser("lint-course", help="find in a course's examples what libraries have removed; runs none")
    lint.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a document, or a folder of them")
    lint.add_argument(
        "--release",
        action="append",
        default=[],
        metavar="LIBRARY==VERSION",
        help="check against this release (default: the newest)",
    )
    lint.add_argument("--installed", action="store_true", help="check against the releases that are installed here")
    lint.set_defaults(command=_lint)

    lifecycle = commands.add_parser(
        "verify-lifecycle", help="try every line of the table of removals on the releases before and after; needs pip"
    )
    lifecycle.add_argument("lines", nargs="*", metavar="ROW", help="a library or a pattern of the table (default: all)")
    lifecycle.add_argument(
        "--bisect", action="store_true", help="search the releases between for the first one that lacks it"
    )
    lifecycle.set_defaults(command=_verify_lifecycle)

    overhead = commands.add_parser("overhead", help="measure what the harness itself costs")
    overhead.add_argument("--quick", action="store_true", help="fewer repetitions")
    overhead.add_argument("--json", type=Path, metavar="FILE", help="also write the numbers here")
    overhead.set_defaults(command=_overhead)
    return parser


def _bench(parsed: argparse.Namespace) -> int:
    import subprocess

    from suite.task import discovery

    pytest = [sys.executable, "-m", "pytest", "-p", "suite.plugin", "--import-mode=importlib"]
    return subprocess.call([*pytest, str(discovery.tasks_root()), *parsed.rest])


def _course(parsed: argparse.Namespace) -> int:
    import os
    import subprocess

    # A course's own pytest settings and conftest.py are for its own tests: nothing of it is imported here.
    apart = ("-c", os.devnull, "--rootdir", ".", "--noconftest", "-o", "cache_dir=.pytest_cache")
    count = next((place for place, text in enumerate(parsed.rest) if text.startswith("-")), len(parsed.rest))
    named = [f"--course={path}" for path in parsed.rest[:count]] or ["--course"]
    options = parsed.rest[count:]
    return subprocess.call([sys.executable, "-m", "pytest", "-p", "suite.plugin", *apart, *named, *options])


def _report(parsed: argparse.Namespace) -> None:
    from suite.analysis.status_changes import write_changes
    from suite.core.errors import UsageError
    from suite.records.run_folder import find_run
    from suite.report import write_report

    folders = [find_run(parsed.results, name).path for name in parsed.runs]
    into = parsed.into or (folders[0] if len(folders) == 1 else parsed.results / "comparison")
    measured = [folder for folder in folders if (folder / "cells.jsonl").is_file()]
    try:
        if len(folders) > 1:
            print(write_changes(folders, into))
        elif not measured:
            from suite.course.report import write_course

            write_course(folders[0])
            print(folders[0] / "course.html")
        if measured:
            print(write_report(measured, into))
    except OSError as error:
        raise UsageError(
            f"Cannot write the report to {into} ({error.strerror}): name another folder with --into."
        ) from None


def _coverage(parsed: argparse.Namespace) -> int:
    from rich.console import Console

    from suite.records.columns import join
    from suite.records.run_folder import find_run
    from suite.report.coverage import print_coverage
    from suite.run.plan import matrix
    from suite.task import discovery

    run = find_run(parsed.results, parsed.run)
    expected = matrix(discovery.load_tasks(parsed.tasks or discovery.tasks_root()))
    return 1 if print_coverage(Console(), join(run.rows()), expected) else 0


def _cache(parsed: argparse.Namespace) -> None:
    from suite.worker.build_cache import BuildCache

    cache = BuildCache()
    if parsed.action == "clear":
        print(f"freed {cache.clear() / 1e6:.1f} MB")
        return
    entries = cache.entries()
    for entry in entries:
        print(entry)
    print(f"{len(entries)} builds in {cache.root}")


def _build(parsed: argparse.Namespace) -> None:
    from suite.task import discovery, miniatures

    root = parsed.tasks or discovery.tasks_root()
    for name in parsed.names:
        miniatures.build(name, root, progress=print)


def _check(parsed: argparse.Namespace) -> int:
    from suite.task import discovery, miniatures

    problems = miniatures.check(parsed.tasks or discovery.tasks_root(), progress=print)
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def _lint(parsed: argparse.Namespace) -> int:
    from suite.core.errors import UsageError
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
        print(line)
    wrong = lint.to_fix(documents, findings)
    examples = sum(len(document.examples) for document in documents)
    print(f"{examples} examples in {len(documents)} documents: {wrong or 'nothing'} to fix", file=sys.stderr)
    return 1 if wrong else 0


def _verify_lifecycle(parsed: argparse.Namespace) -> int:
    from suite.course.lifecycle import verify
    from suite.course.lifecycle.releases import Releases

    releases = Releases(verify.releases_root())
    lines = verify.chosen(parsed.lines)
    if parsed.bisect:
        for line in lines:
            print(f"{line.key}: last seen in {{}}, first gone in {{}}".format(*verify.bisect(line, releases)))
        return 0
    verified = verify.verify(lines, releases, progress=lambda told: print(told, file=sys.stderr))
    for one in verified:
        print(one)
    false = sum(bool(one.problems) for one in verified)
    left = len(lines) - len(verified)
    print(f"{len(verified)} lines tried, {false} false, {left} of services that no release shows", file=sys.stderr)
    return 1 if false else 0


def _overhead(parsed: argparse.Namespace) -> int:
    from suite.cli.overhead import measure_overhead

    return measure_overhead(quick=parsed.quick, into=parsed.json)


if __name__ == "__main__":
    sys.exit(main())
