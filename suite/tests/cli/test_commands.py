"""The command line: its two names, its exit codes, and what it imports."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
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

    def run_pytest(*words: str, **_: object) -> int:
        calls.append([*words])
        return 3

    monkeypatch.setattr("suite.cli.pytest_process.run_pytest", run_pytest)
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


@pytest.mark.parametrize(
    ("number", "to_group"), [(signal.SIGTERM, False), (signal.SIGTERM, True), (signal.SIGINT, True)]
)
def test_pytest_ends_in_good_order_when_it_is_interrupted(
    tmp_path: Path, number: signal.Signals, to_group: bool
) -> None:
    """What pytest does at its end takes longer than the parent would wait by itself."""
    (tmp_path / "conftest.py").write_text(
        "import time, pathlib\ndef pytest_sessionfinish():\n    time.sleep(2)\n    pathlib.Path('finished').touch()\n"
    )
    (tmp_path / "test_it.py").write_text(
        "import time, pathlib\ndef test_it():\n    pathlib.Path('started').touch()\n    time.sleep(600)\n"
    )
    # What a shell starts in the background ignores Ctrl-C, and its children inherit that.
    code = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from suite.cli.pytest_process import run_pytest; sys.exit(run_pytest('test_it.py'))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=tmp_path, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        while not (tmp_path / "started").exists():
            assert process.poll() is None, process.communicate()[0]
            time.sleep(0.05)
        (os.killpg if to_group else os.kill)(process.pid, number)
        output, _ = process.communicate()
    assert process.returncode == 2, output
    assert (tmp_path / "finished").exists()
