"""Every command on the project's pages: what is cheap is run, what is costly is checked word by word."""

from __future__ import annotations

import argparse
import configparser
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from suite import backends
from suite.backends import REGISTRY
from suite.cli import commands as cli
from suite.task import discovery, miniatures
from suite.tests.pages.reading import ROOT, Command, commands, pages
from suite.tests.support.synthetic_run import write_run

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SHIPPED = "tasks/miniatures/shipped/sentiment-analysis"
TEST_COMMAND = "python3 -m venv .venv && .venv/bin/pip install --quiet tox && .venv/bin/tox run -e tests"
PLACEHOLDERS = {
    "--model": SHIPPED, "--samples": "mine.jsonl", "--course": "tasks/examples/classic", "--backend": "onnx",
    "--capability": "sentiment-analysis", "--train-samples": "train.jsonl",
}  # fmt: skip
"""What stands for the words in capitals, and for files that only a reader has, by the option before them."""
PARSED_ONLY = {
    cli.course: "it runs a course", cli.verify_lifecycle: "it installs releases", cli.overhead: "it takes minutes",
    cli.build_miniatures: "it trains", cli.check_miniatures: "it takes minutes", cli.bench: "it takes an hour",
    cli.soak: "it takes an hour", cli.families: "it takes hours",
}  # fmt: skip
"""The commands of `python -m suite` that are not run here."""
ALL = [command for page in pages() for command in commands(page)]
UNIQUE = list({command.words: command for command in reversed(ALL)}.values())


class Trial:
    """Tries the commands of the pages. `place` is a folder with two runs and what else a reader would have."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self._outputs: dict[tuple[str, ...], str] = {}

    def try_out(self, words: Sequence[str]) -> None:
        """Run a command, or check what can be checked of it; an AssertionError says what is wrong."""
        for start, check in RULES.items():
            if tuple(words[: len(start)]) == start:
                check(self, list(words[len(start) :]))
                return
        raise AssertionError(f"no rule says how {' '.join(words)!r} is tried: add one to RULES")

    def run(self, *words: str, ends_with: tuple[int, ...] = (0,)) -> str:
        """What a command prints; it must end with one of these exit codes. What worked once is not run again."""
        if words not in self._outputs:
            ended = subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True, check=False)
            assert ended.returncode in ends_with, ended.stdout + ended.stderr
            self._outputs[words] = ended.stdout
        return self._outputs[words]

    def pytest(self, words: list[str]) -> None:
        """Of pytest's commands the items are collected: options, names, node ids and paths are those of a real run."""
        if "--help" in words:
            assert "touchstone:" in self.run("-m", "pytest", "--help")
            return
        if words[:1] == ["suite/tests"]:  # collecting all of them takes long
            _check_pytest_words(words)
            return
        words = [word for word in words if word != "--resume"]  # there is nothing to go on with
        for place, word in enumerate(words[1:], 1):
            option = words[place - 1]
            if word.isupper() or word == "DIR_OR_ID" or not _is_here(option, word):
                assert option in PLACEHOLDERS, f"nothing stands for {word} after {option}"
                stands = PLACEHOLDERS[option]
                words[place] = str(self.place / stands) if stands.endswith(".jsonl") else stands
        words = [word for word in words if word not in ("--co", "-q")]
        collected = self.run(
            "-m", "pytest", *words, "--co", "-q", "-p", "no:cacheprovider", "--results", str(self.place / "results")
        )
        assert re.search(r"^\d+(/\d+)? tests? collected", collected, re.MULTILINE), collected

    def suite(self, words: list[str]) -> None:
        """Of our own commands every one is parsed, and run where that is cheap."""
        if words == ["--help"]:
            assert "commands:" in self.run("-m", "suite", "--help")
            return
        if words == ["lint-course"]:  # in a sentence, where the command stands for itself
            words = ["lint-course", "PATH"]
        for placeholder, path in (("RUN", "a"), ("OTHER", "b"), ("A", "a"), ("B", "b")):
            words = [str(self.place / path) if word == placeholder else word for word in words]
        words = ["tasks/examples" if word in ("PATH", "chapters/") else word for word in words]
        parsed = _parsed(words)
        if parsed.command in PARSED_ONLY:
            if parsed.command is cli.build_miniatures:
                assert set(parsed.names) - {"NAME"} <= set(miniatures.shipped(ROOT / "tasks"))
            return
        if parsed.command is cli.report:
            words = [*words, "--into", str(self.place / "report")]
        elif parsed.command is cli.coverage:
            words = [*words, str(self.place / "a")]
        elif parsed.command is cli.docs and not parsed.check:
            words = [*words, "--check"]
        # 1: cells that the synthetic run lacks, and what the older form of our course uses that was removed.
        self.run("-m", "suite", *words, ends_with=(0, 1) if parsed.command in (cli.coverage, cli.lint_course) else (0,))

    def tox(self, words: list[str]) -> None:
        """The environment exists; what follows two hyphens is pytest's."""
        ini = configparser.ConfigParser(interpolation=None)
        ini.read(ROOT / "tox.ini")
        assert words[:2] == ["run", "-e"], f"tox {' '.join(words)}: write tox run -e NAME"
        assert f"testenv:{words[2]}" in ini.sections(), f"tox.ini has no environment {words[2]}"
        if words[3:]:
            assert words[3] == "--"
            _check_pytest_words(words[4:])

    def pip(self, words: list[str]) -> None:
        """The constraints exist, and so do the extras; a version is the pinned one; nothing is installed."""
        while words:
            word = words.pop(0)
            if word in ("-c", "--constraint"):
                assert (ROOT / words.pop(0)).is_file()
            elif word == "--index-url":
                words.pop(0)
            elif "==" in word:
                assert word in (ROOT / "constraints.txt").read_text(encoding="utf-8").split()
            elif extras := re.fullmatch(r"(?:\.|touchstone-bench)\[([\w,]+)\](?: @ .*)?", word):
                assert set(extras[1].split(",")) <= set(PROJECT["project"]["optional-dependencies"])
            else:
                assert word in ("-e", "--quiet", "tox", "pre-commit", "--no-deps", "markdown-it-py", "nbformat"), word

    def constant(self, words: list[str]) -> None:
        """A command of others that is right as it stands."""
        assert not words


RULES: dict[tuple[str, ...], Callable[[Trial, list[str]], None]] = {
    ("pytest",): Trial.pytest,
    ("python", "-m", "suite"): Trial.suite,
    ("touchstone",): Trial.suite,
    ("tox",): Trial.tox,
    (".venv/bin/tox",): Trial.tox,
    ("pip", "install"): Trial.pip,
    (".venv/bin/pip", "install"): Trial.pip,
    ("python3", "-m", "venv", ".venv"): Trial.constant,
    ("source", ".venv/bin/activate"): Trial.constant,
    ("pre-commit", "install"): Trial.constant,
}
"""How a command is tried, by the words that it begins with."""


def _is_here(option: str, word: str) -> bool:
    """Whether what follows an option that names a file is there, so that nothing has to stand for it."""
    return option not in ("--model", "--samples", "--train-samples") or (ROOT / word).exists()


def _parsed(words: Sequence[str]) -> argparse.Namespace:
    try:
        parsed, rest = cli._parser("touchstone").parse_known_args(words)
    except SystemExit:
        raise AssertionError(f"`touchstone {' '.join(words)}` is not understood") from None
    assert not rest or parsed.command in (cli.bench, cli.course), f"{rest} is not understood"
    return parsed


def _check_pytest_words(words: Sequence[str]) -> None:
    """Paths exist; an expression of markers names registered ones."""
    registered = {line.partition(":")[0] for line in PROJECT["tool"]["pytest"]["ini_options"]["markers"]} | {"quick"}
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        if word == "-m":
            assert set(re.findall(r"\w+", waiting.pop(0))) - {"and", "or", "not"} <= registered
        elif word == "-k":
            waiting.pop(0)
        else:
            assert (ROOT / word).exists(), f"there is no {word}"


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    """A folder with two runs and samples of the reader's own."""
    place = tmp_path_factory.mktemp("reader")
    for name, seed in (("a", 0), ("b", 1)):
        write_run(place, name, capabilities=("sentiment-analysis",), backends=("eager", "onnx"), seed=seed)
    row = '{"input": "A film to fall asleep by.", "truth": "negative"}\n'
    (place / "mine.jsonl").write_text(row)
    (place / "train.jsonl").write_text(row + row.replace("negative", "positive"))
    return Trial(place)


@pytest.mark.parametrize("command", UNIQUE, ids=[command.id for command in UNIQUE])
def test_a_command_works(trial: Trial, command: Command) -> None:
    trial.try_out(command.words)


def test_the_pages_have_commands() -> None:
    """So that a change of the reader does not leave the test above with nothing to try."""
    held = {str(page): sum(command.page == page for command in ALL) for page in pages()}
    for page, fewest in (
        ("README.md", 25), (".github/CONTRIBUTING.md", 15), ("suite/README.md", 2), ("suite/course/README.md", 5),
        ("suite/backends/README.md", 4), ("tasks/README.md", 4),
    ):  # fmt: skip
        assert held[page] >= fewest, held


@pytest.mark.parametrize(
    "fault",
    [
        "pytest --capability poetry", "pytest --bakend onnx", "pytest suite/tests/reports", "tox run -e benches",
        "tox run -e tests -- suite/tests/reports", "python -m suite reports", "python -m suite report --output x",
        "python -m suite miniatures build poetry", 'pip install -e ".[courses]"', "pip install -c constraint.txt",
        "pytest suite/tests -m swift", "make test",
        'pytest "tasks/test_latency.py::test_latency[translation/t5-base/onyx]"',
    ],
)  # fmt: skip
def test_a_wrong_command_is_seen(trial: Trial, fault: str) -> None:
    """The faults are planted."""
    with pytest.raises(AssertionError):
        trial.try_out(shlex.split(fault))


def test_the_test_command_is_everywhere_the_same() -> None:
    for file in ("README.md", ".ci/run", ".github/workflows/ci.yml"):
        assert TEST_COMMAND in (ROOT / file).read_text(encoding="utf-8"), file


def test_capabilities_and_backends_in_options_exist() -> None:
    """Also in commands that are only checked word by word."""
    known = {
        "--capability": set(discovery.load_tasks(ROOT / "tasks")) | {"NAME"},
        "--backend": {*REGISTRY, "NAME", backends.ALL},
    }
    for command in ALL:
        for option, value in zip(command.words, command.words[1:], strict=False):
            assert option not in known or value in known[option], command.id
