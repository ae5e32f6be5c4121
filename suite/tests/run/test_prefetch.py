"""What is slow to open is opened while others work: of the checkpoint in turn and of the next one, and no other."""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from suite.core.settings import Settings
from suite.records.run_folder import RunFolder
from suite.run.plan import plan
from suite.run.prefetch import Prefetcher
from suite.run.runner import CheckRunner
from suite.task import discovery


def entry(group: str) -> Any:
    return SimpleNamespace(cell=SimpleNamespace(id=f"{group}/compile"))


class Opener:
    """Opens by remembering; what is in `failing` raises."""

    def __init__(self) -> None:
        self.opened: list[str] = []
        self.closed: list[str] = []
        self.failing: set[str] = set()
        self.may_open = threading.Event()
        self.may_open.set()

    def open(self, wanted: Any) -> str:
        self.may_open.wait(10)
        self.opened.append(wanted.cell.id)
        if wanted.cell.id in self.failing:
            raise RuntimeError("it cannot be opened")
        return str(wanted.cell.id)


@pytest.fixture
def opener() -> Opener:
    return Opener()


@pytest.fixture
def ahead(opener: Opener) -> Prefetcher[str]:
    found: Prefetcher[str] = Prefetcher(opener.open, opener.closed.append)
    found.expect({"a": [entry("a")], "none": [], "b": [entry("b")], "c": [entry("c")]})
    return found


def test_the_one_in_turn_and_the_next_are_opened_once(ahead: Prefetcher[str], opener: Opener) -> None:
    ahead.turn_to("a")
    ahead.settle()
    assert opener.opened == ["a/compile", "b/compile"]
    assert ahead.take("a/compile") == "a/compile"
    ahead.turn_to("none")
    ahead.turn_to("b")
    ahead.settle()
    assert opener.opened == ["a/compile", "b/compile", "c/compile"]
    assert (ahead.take("b/compile"), ahead.take("c/compile"), opener.closed) == ("b/compile", "c/compile", [])
    ahead.close()


def test_what_was_opened_for_nothing_is_let_go(ahead: Prefetcher[str], opener: Opener) -> None:
    ahead.turn_to("a")
    ahead.settle()
    ahead.turn_to("c")
    ahead.settle()
    assert sorted(opener.closed) == ["a/compile", "b/compile"]
    ahead.close()
    assert sorted(opener.closed) == ["a/compile", "b/compile", "c/compile"]


def test_one_that_fails_fails_where_it_is_taken(ahead: Prefetcher[str], opener: Opener) -> None:
    opener.failing = {"a/compile"}
    ahead.turn_to("a")
    with pytest.raises(RuntimeError, match="cannot be opened"):
        ahead.take("a/compile")
    assert ahead.take("a/compile") is None
    ahead.close()


def test_nothing_is_opened_while_something_is_timed(ahead: Prefetcher[str], opener: Opener) -> None:
    opener.may_open.clear()
    ahead.turn_to("a")
    threading.Timer(0.2, opener.may_open.set).start()
    ahead.settle()
    assert len(opener.opened) == 2
    ahead.close()


class AlwaysBusy:
    """Something is being opened, until it is told to settle."""

    def __init__(self) -> None:
        self.busy = True

    def settle(self) -> None:
        self.busy = False

    def turn_to(self, group: str) -> None:
        pass

    def take(self, name: str) -> None:
        return None

    def close(self) -> None:
        pass


@pytest.mark.parametrize(("timed", "threads"), [(False, 1), (True, 2)])
def test_a_probe_that_is_timed_has_the_machine_to_itself(
    timed: bool, threads: int, tasks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(
        capabilities=(), backends=("eager",), models=(), weights="miniature", samples=None, device="cpu", threads=2,
        batch_size=1, budget=0.1, cell_timeout=60.0, results=tmp_path, resume=None, strict=False, isolate=False,
        tasks=tasks,
    )  # fmt: skip
    planned = next(e for e in plan(settings, discovery.load_tasks(tasks)) if e.cell.backend == "eager")
    monkeypatch.setattr(type(planned.task), "probe_is_timed", timed)
    runner = CheckRunner(settings, [planned], RunFolder.create(tmp_path, "timed"))
    busy = AlwaysBusy()
    monkeypatch.setattr(runner.workers, "_prefetcher", busy)
    runner.check(planned.cell, "accuracy")
    worker = runner.workers.find(planned.cell)
    assert worker is not None
    assert worker.threads == threads
    assert busy.busy is not timed
    runner.close()
