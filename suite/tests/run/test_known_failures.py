"""The data file of known failures: which lines apply, and to what."""

from __future__ import annotations

from pathlib import Path

import pytest

from suite.run.known_failures import COLUMNS, FILE, load, stale


def write(folder: Path, *lines: str) -> Path:
    (folder / FILE).write_text("\n".join([",".join(COLUMNS), *lines]) + "\n")
    return folder


@pytest.mark.parametrize(
    ("when", "applies"),
    [("", True), ("numpy>=1", True), ("numpy<1", False), ("no-such-library>0", False), ("numpy>=1,<2", None)],
)
def test_a_line_may_be_for_some_releases(tmp_path: Path, when: str, applies: bool | None) -> None:
    entries = load(write(tmp_path, f'a/b/c,latency,"{when}",,a reason'))
    if applies is None:
        import numpy as np

        applies = int(np.__version__.split(".")[0]) < 2
    assert bool(entries) is applies


def test_a_pattern_matches_cells_and_one_check(tmp_path: Path) -> None:
    (entry,) = load(write(tmp_path, "translation/*/bf16,fidelity,,,a reason"))
    assert entry.matches("translation/t5/bf16", "fidelity")
    assert not entry.matches("translation/t5/bf16", "accuracy")
    assert not entry.matches("translation/t5/eager", "fidelity")
    assert not entry.matches("Translation/t5/bf16", "fidelity")
    assert (entry.line, entry.reason) == (2, "a reason")


def test_a_line_that_matches_nothing_is_stale(tmp_path: Path) -> None:
    entries = load(write(tmp_path, "a/*/c,fidelity,,,one", "a/*/c,latency,,,two"))
    assert [entry.reason for entry in stale(entries, [("a/b/c", "fidelity")])] == ["two"]


def test_no_file_is_no_failure_known(tmp_path: Path) -> None:
    assert load(tmp_path) == []
