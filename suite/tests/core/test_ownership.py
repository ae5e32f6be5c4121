"""Temporary folders of ours: a dead process's are removed, and nobody else's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from suite.core import ownership
from suite.core.ownership import MARKER, Holder, TemporaryFolder, mark_as_ours, read_holder, remove_abandoned

DEAD = Holder(2**22 + 1, 1.0, "2026-01-01T00:00:00+00:00")
"""No system has a process of that number."""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    monkeypatch.setattr("suite.core.ownership.SHORT_TEMPORARY_PLACE", str(folder))
    return folder


def make(path: Path, holder: Holder | None = DEAD) -> Path:
    (path / "inside").mkdir(parents=True)
    if holder:
        (path / MARKER).write_text(json.dumps(asdict(holder)))
    return path


def test_it_is_there_while_it_is_used(place: Path) -> None:
    with TemporaryFolder("course-") as folder:
        assert folder.parent == place
        assert folder.name.startswith("touchstone-course-")
        holder = read_holder(folder / MARKER)
        assert holder is not None
        assert holder.pid == os.getpid()
        assert holder.is_alive
        assert remove_abandoned() == []
    assert [*place.iterdir()] == []


@pytest.mark.parametrize("name", ["touchstone-a", "pymp-a"])
def test_what_a_dead_process_left_is_removed(place: Path, name: str) -> None:
    left = make(place / name)
    with TemporaryFolder() as folder:
        assert [*place.iterdir()] == [folder]
    assert not left.exists()


def test_a_killed_process_is_known_to_be_dead_though_its_number_is_used_again(place: Path) -> None:
    ours = Holder.this_process()
    assert not replace(ours, started=ours.started - 100).is_alive
    left = make(place / "touchstone-a", replace(ours, started=ours.started - 100))
    assert remove_abandoned() == [left]


def test_a_real_kill(place: Path) -> None:
    code = "from suite.core.ownership import TemporaryFolder\nwith TemporaryFolder() as folder:\n"
    code += "    print(folder, flush=True)\n    import time; time.sleep(600)"
    environment = {**os.environ, "TMPDIR": str(place)}
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        folder = Path(process.stdout.readline().strip())
        assert remove_abandoned() == []
        process.kill()
        process.wait()
        assert folder.is_dir()
        assert remove_abandoned() == [folder]


def test_a_lock_outweighs_a_number_of_another_container(place: Path) -> None:
    folder = make(place / "touchstone-a", None)
    lock = mark_as_ours(folder)
    (folder / MARKER).write_text(json.dumps(asdict(DEAD)))
    assert remove_abandoned() == []
    lock.release()


def test_nothing_else_is_touched(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = make(tmp_path / "elsewhere")
    (place / "touchstone-link").symlink_to(elsewhere)
    make(place / "touchstone-unmarked", None)
    make(place / "else-a")
    (place / "touchstone-file").write_text(json.dumps(asdict(DEAD)))
    marked_by_link = make(place / "touchstone-b", None)
    (marked_by_link / MARKER).symlink_to(elsewhere / MARKER)
    os.mkfifo(make(place / "touchstone-c", None) / MARKER)
    for number, text in enumerate(
        (
            "",
            "{}",
            "[]",
            "[" * 900,
            '{"pid": true, "started": 1.0, "since": ""}',
            '{"pid": -1, "started": 1.0, "since": ""}',
            "\x00",
        )
    ):
        (make(place / f"touchstone-{number}", None) / MARKER).write_text(text)
    living = make(place / "touchstone-living", Holder.this_process())
    inside = make(place / "touchstone-removed")
    (inside / "inside" / "link").symlink_to(elsewhere)
    before = {*place.iterdir()} - {inside}
    assert remove_abandoned() == [inside]
    assert {*place.iterdir()} == before
    assert (living / "inside").is_dir()
    assert (elsewhere / "inside").is_dir(), "a link inside was followed"

    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    make(place / "touchstone-of-another-user")
    assert remove_abandoned() == []


def test_two_processes_do_not_mark_the_same_folder(place: Path) -> None:
    folder = make(place / "touchstone-a", None)
    first = mark_as_ours(folder)
    with pytest.raises(ownership.Held) as caught:
        mark_as_ours(folder)
    assert caught.value.holder is not None
    assert caught.value.holder.pid == os.getpid()
    first.release()
