"""What models are called whose folders bear one name: as many parents as it takes, and always one segment of a path."""

from __future__ import annotations

from pathlib import Path

import pytest

from suite.run.model_names import Matched, distinct, without_repeats
from suite.subjects import Source
from suite.task import Checkpoint
from suite.tests.support.made_checkpoints import Moods, Stories


def local(path: str, *, adapter: str | None = None) -> list[Matched]:
    directory = Path(path)
    checkpoint = Checkpoint(Path(adapter or path).name, "local", "SomeModel")
    source = Source("local", checkpoint, directory=directory, adapter=Path(adapter) if adapter else None)
    return [(Moods(), checkpoint, source), (Stories(), checkpoint, source)]


def hub(name: str, revision: str = "0" * 40) -> list[Matched]:
    checkpoint = Checkpoint(name, revision, "SomeModel")
    return [(Moods(), checkpoint, Source("hub", checkpoint))]


def names(*models: list[Matched]) -> list[str]:
    return list(dict.fromkeys(checkpoint.name for _, checkpoint, _ in distinct(without_repeats(models))))


@pytest.mark.parametrize(
    ("models", "expected"),
    [
        ([local("/m/a"), local("/m/b")], ["a", "b"]),
        ([local("/m/a/last"), local("/m/b/last")], ["a--last", "b--last"]),
        ([local("/a/run/last"), local("/b/run/last"), local("/c/best")], ["a--run--last", "b--run--last", "best"]),
        ([local("/a/x/last"), local("/b/x/last"), local("/y/last")], ["a--x--last", "b--x--last", "y--last"]),
        ([local("/last"), local("/a/last")], ["last", "a--last"]),
        ([hub("one/bert"), hub("two/bert")], ["one--bert", "two--bert"]),
        ([hub("one/bert"), local("/home/one/bert")], ["one--bert", "home--one--bert"]),
        ([hub("o/bert", "1" * 40), hub("o/bert", "2" * 40)], ["bert--1111111111", "bert--2222222222"]),
        ([local("/base", adapter="/a/lora"), local("/base", adapter="/b/lora")], ["a--lora", "b--lora"]),
        ([local("/m/a--last"), local("/n/a/last"), local("/b/last")], ["m--a--last", "n--a--last", "b--last"]),
        ([local("/m/\x1b[2J/a"), local("/m/\n/a")], ["\\x1b[2J--a", "\\x0a--a"]),
    ],
)
def test_as_many_parents_as_it_takes(models: list[list[Matched]], expected: list[str]) -> None:
    assert names(*models) == expected
    assert not any("/" in name or name in (".", "..") for name in expected)


def test_the_same_model_is_one_model() -> None:
    assert names(local("/m/a"), local("/m/a")) == ["a"]
    assert names(hub("o/a"), hub("o/a")) == ["a"]
    assert len(without_repeats([local("/m/a"), local("/m/a", adapter="/l")])) == 2


def test_its_id_and_all_of_its_tasks_stay() -> None:
    matched = distinct([local("/m/a/last"), local("/m/b/last")])
    assert [(checkpoint.id, task.name) for task, checkpoint, _ in matched] == [
        ("last", "moods"),
        ("last", "stories"),
    ] * 2
    assert all(source.checkpoint == checkpoint for _, checkpoint, source in matched)
