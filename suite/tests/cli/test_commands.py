"""The command line: its two names, its exit codes, and what it imports."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from suite.cli.commands import main
from suite.core.files import project_root

ROOT = project_root()


def test_usage_names_the_program_as_it_was_called(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["--help"])
    assert exit_.value.code == 0
    assert capsys.readouterr().out.startswith("usage: touchstone [-h] COMMAND")
    called = subprocess.run(
        [sys.executable, "-m", "suite", "report", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert called.stdout.startswith("usage: python -m suite report [-h]")


def test_the_console_script_is_the_same_function() -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    module, _, name = scripts["touchstone"].partition(":")
    assert getattr(import_module(module), name) is main


@pytest.mark.parametrize(
    "arguments",
    [
        ["report", "no-such-run"],
        ["coverage", "no-such-run"],
        ["coverage", "--tasks", "no-such-folder"],
        ["lint-course", "no-such-course"],
        ["lint-course", "--release", "transformers", "."],
        ["miniatures", "build", "no-such-recipe"],
        ["overhead", "--json", "no-such-folder/figures.json"],
        ["verify-lifecycle", "no-such-library"],
    ],
)
def test_a_mistake_is_a_sentence_and_exit_code_4(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 4
    captured = capsys.readouterr()
    assert captured.err.startswith("ERROR: ")
    assert len(captured.err.splitlines()) == 1
    assert captured.out == ""


def test_unknown_arguments_are_refused_but_by_what_passes_them_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["cache", "list", "--all"])
    assert exit_.value.code == 2
    assert "unrecognized arguments: --all" in capsys.readouterr().err
    calls: list[list[str]] = []

    def call(words: list[str], env: dict[str, str] | None = None) -> int:
        calls.append(words)
        return 3

    monkeypatch.setattr("subprocess.call", call)
    assert main(["bench", "--backend", "onnx"]) == 3
    assert main(["course", "chapters", "-k", "3.mdx", "--unsafe"]) == 3
    assert calls[0][-2:] == ["--backend", "onnx"]
    assert calls[1][-4:] == ["--course=chapters", "-k", "3.mdx", "--unsafe"]


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom suite.cli.commands import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "print('LOADED', *sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    called = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(called.stdout.rsplit("LOADED", 1)[1].split())
    assert "argparse" in loaded
    assert not loaded & {"numpy", "pandas", "pytest", "torch", "transformers", "rich", "jinja2", "matplotlib"}
