"""Stand-ins that a run asked for are there for the next one, by names that the lists have and nothing else."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from suite.course.stand_ins import keep
from suite.course.stand_ins.catalogue import resolve
from suite.course.stand_ins.checkpoints.files import folder_of

NAME = "distilbert-base-uncased-finetuned-sst-2-english"


def below(cache: Path) -> list[str]:
    return sorted(path.relative_to(cache).parts[0] + "/" + path.name for path in cache.glob("*/*"))


def test_what_was_asked_for_is_made_and_forged_names_are_passed_over(tmp_path: Path) -> None:
    entry = resolve(NAME).entry
    assert entry is not None
    forged = [("checkpoint", name) for name in ("../../x", "/etc/passwd", "", "no/such-model", "a" * 500)]
    keep.keep([*forged, ("data set", "../x"), ("checkpoint", NAME)], {}, tmp_path)
    assert (folder_of(entry, tmp_path) / "config.json").is_file()
    assert below(tmp_path) == [f"stand-ins/{folder_of(entry, tmp_path).name}"]


def test_a_data_set_is_kept_too(tmp_path: Path) -> None:
    keep.make([("data set", "imdb")], {}, tmp_path)
    assert [name.partition("-")[0] for name in below(tmp_path)] == ["data"]


def test_nothing_is_started_where_all_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep.make([("checkpoint", NAME)], {}, tmp_path)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("a process was started"))
    keep.keep([("checkpoint", NAME)], {}, tmp_path)


def test_a_log_of_any_length_costs_so_many_names_at_most(tmp_path: Path) -> None:
    looked_at: list[str] = []

    def asked() -> Iterator[keep.Wanted]:
        for number in range(100_000):
            looked_at.append(f"no/{number}")
            yield "checkpoint", looked_at[-1]

    keep.keep(asked(), {}, tmp_path)
    assert len(looked_at) == keep.MOST
