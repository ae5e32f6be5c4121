"""The command that runs a cell again: right, quoted, and without what the record does not say."""

from __future__ import annotations

import shlex
import subprocess
import sys
from typing import Any

import pytest

from suite.core.files import project_root
from suite.report.again import command
from suite.tests.support.synthetic_run import CONDITIONS

CELL: dict[str, Any] = {
    "capability": "text-generation", "checkpoint": "gpt2", "checkpoint_id": "openai-community/gpt2", "backend": "onnx",
    "weights": "miniature", "revision": "607a30d783dfa663caf39e06633721c8d4cfcd7e",
}  # fmt: skip
NASTY = "$(touch x) `id` '; rm -rf ~ # \"<b>"


def test_every_setting_that_matters_is_in_it() -> None:
    line, remark = command(
        CELL, {**CONDITIONS, "precision": 0.02, "limit": 9, "strict": True, "isolated": False, "generation": "own"}
    )
    assert line == (
        "pytest --capability=text-generation --backend=onnx --weights=miniature -k text-generation/gpt2/onnx "
        "--threads=2 --budget=20 --limit=9 --precision=2% --generation=own --strict --no-isolate"
    )
    assert remark == ""


def test_a_device_and_a_batch() -> None:
    line, _ = command(
        CELL, {**CONDITIONS, "weights": "hub", "device": "cuda:1", "batch_size": 4, "cell_timeout_s": 9.5}
    )
    assert "--weights=hub" in line
    assert "--device=cuda:1 " in line
    assert "--batch-size=4 " in line
    assert line.endswith("--cell-timeout=9.5")


def test_a_folder_is_never_named() -> None:
    folder = CELL | {"weights": "local", "checkpoint": "mine", "checkpoint_id": "~/secret-project/mine"}
    line, remark = command(folder, {**CONDITIONS, "weights": "local", "samples_sha256": "0" * 64})
    assert "secret-project" not in line + remark
    assert "--model=MODEL --samples=SAMPLES" in line
    assert remark == "MODEL stands for the folder of mine; SAMPLES stands for your own file of samples."


def test_an_id_of_the_hub_is_named_with_its_revision() -> None:
    line, remark = command(CELL | {"weights": "hub"}, {**CONDITIONS, "weights": "local"})
    assert "--model=openai-community/gpt2@607a30d783dfa663caf39e06633721c8d4cfcd7e " in line
    assert remark == ""
    line, _ = command(CELL | {"weights": "hub", "checkpoint_id": NASTY}, {**CONDITIONS, "weights": "local"})
    assert "--model=MODEL" in line


@pytest.mark.parametrize("field", ["capability", "checkpoint", "backend"])
def test_names_are_quoted(field: str) -> None:
    line, remark = command(CELL | {field: NASTY}, CONDITIONS)
    words = shlex.split(line)
    if field == "checkpoint":
        assert NASTY not in words
        assert remark == "it runs every checkpoint of text-generation."
    else:
        assert f"--{field}={NASTY}" in words
    assert words[0] == "pytest"
    assert all(word.startswith("--") for word in words[1:]), "no word is cut in two, and none is -k"


@pytest.mark.parametrize("name", ["", "a\nb", "a\x1b[2J", "x" * 300, "a\u202eb"])
def test_what_no_command_line_holds_has_none(name: str) -> None:
    assert command(CELL | {"checkpoint": name}, CONDITIONS) == ("", "")


def test_a_record_without_conditions_has_none() -> None:
    assert command(CELL, {}) == ("", "")
    assert command(CELL, {"weights": "--collect-only", "device": "$(id)"}) == ("", "")
    line, _ = command(CELL, {"weights": "random", "device": "$(id)", "threads": "9; id", "strict": "yes"})
    assert line.endswith("text-generation/gpt2/onnx")


@pytest.mark.slow
def test_pytest_selects_that_cell_alone() -> None:
    line, _ = command(CELL, CONDITIONS)
    program, *words = shlex.split(line)
    assert program == "pytest"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--co", "-q", *words], cwd=project_root(),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    listed = [node.partition("[")[2] for node in done.stdout.splitlines() if "::" in node]
    assert len(listed) > 2
    assert set(listed) == {"text-generation/gpt2/onnx]"}
