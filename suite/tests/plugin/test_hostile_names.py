"""Names and labels of a checkpoint that no terminal and no UTF-8 file takes: the run goes on, and every row is kept."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from suite.tests.conftest import Touchstone

EAGER = ("--backend", "eager", "-k", "conformance or accuracy")


def copied(touchstone: Touchstone, tasks: Path, name: bytes) -> Path:
    """A copy of the tiny checkpoint in a folder of that name."""
    folder = touchstone.pytester.path / os.fsdecode(name)
    try:
        return Path(shutil.copytree(tasks / "miniatures" / "shipped" / "tiny", folder))
    except OSError:
        pytest.skip("this file system takes no such name")


@pytest.mark.parametrize("name", [b"mod\xe8le", b"a\x1b]0;b\x07\x1b[2Jc\n"])
def test_the_name_of_a_folder(touchstone: Touchstone, tasks: Path, name: bytes) -> None:
    result = touchstone.run(*EAGER, "--model", str(copied(touchstone, tasks, name)))
    text = "\n".join([*result.outlines, *result.errlines])
    assert "INTERNALERROR" not in text
    assert "Traceback" not in text
    assert "\x1b" not in text
    assert result.ret in (0, 6), text
    rows = touchstone.folder.rows()
    assert [row["check"] for row in rows] == ["conformance", "accuracy"]
    assert all(row["checkpoint"].isprintable() and row["reason"].isprintable() for row in rows)


def test_a_label_of_a_lone_surrogate_and_control_characters(touchstone: Touchstone, tasks: Path) -> None:
    folder = copied(touchstone, tasks, b"mine")
    config = json.loads((folder / "config.json").read_text())
    config["id2label"]["1"] = "O\ud800\x1b[2J"
    (folder / "config.json").write_text(json.dumps(config))
    (touchstone.pytester.path / "own.jsonl").write_text(json.dumps({"input": "red green", "truth": "O\ud800\x1b[2J"}))
    result = touchstone.run(*EAGER, "--model", str(folder), "--samples", "own.jsonl")
    text = "\n".join([*result.outlines, *result.errlines])
    assert "INTERNALERROR" not in text
    assert "\x1b" not in text
    assert [row["check"] for row in touchstone.folder.rows()] == ["conformance", "accuracy"]
    assert touchstone.folder.sample_answers()
