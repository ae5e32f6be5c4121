"""What times nothing is done before its turn: side by side, in order, and no farther ahead than memory allows."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from suite.core.cell import Cell, Status
from suite.core.errors import Unwritable
from suite.core.outcome import Outcome
from suite.core.settings import Settings
from suite.executors.gate import Gate
from suite.records.run_folder import RunFolder
from suite.run.ahead import Ahead
from suite.run.plan import plan
from suite.run.runner import CheckRunner
from suite.task import discovery
from suite.tests.support.synthetic_run import cell


class Turn:
    def __init__(self) -> None:
        self.closed = False

    def close(self) -> None:
        self.closed = True


class Stage:
    """Groups of one cell and two checks each, which are carried out as they are allowed to be."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.turns: list[Turn] = []
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.fault: BaseException | None = None

    def turn(self) -> Any:
        self.turns.append(Turn())
        return self.turns[-1]

    def check(self, turn: Any, cell: Cell, check: str) -> Outcome:
        self.begun.append(f"{cell.checkpoint}/{check}")
        assert self.may_go_on.wait(20)
        if self.fault is not None:
            raise self.fault
        return Outcome(Status.PASSED, f"{cell.checkpoint}/{check}")


GROUPS = {name: cell(checkpoint=name, backend="eager") for name in "abcde"}


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def ahead(stage: Stage) -> Iterator[Callable[..., Ahead]]:
    made: list[Ahead] = []

    def make(timed: str = "") -> Ahead:
        groups = {one.group: [(one, "conformance"), (one, "accuracy")] for one in GROUPS.values()}
        kept = {GROUPS[name].group for name in timed}
        made.append(Ahead(groups, kept, side_by_side=2, new_turn=stage.turn, check=stage.check, gate=Gate()))
        return made[-1]

    yield make
    stage.may_go_on.set()
    for one in made:
        one.close()


def test_two_groups_are_at_work_and_each_goes_through_its_checks_in_order(
    ahead: Callable[..., Ahead], stage: Stage
) -> None:
    stage.may_go_on.clear()
    ahead_of_all = ahead()
    wait_until(lambda: len(stage.begun) == 2)
    assert sorted(stage.begun) == ["a/conformance", "b/conformance"]
    stage.may_go_on.set()
    for name, one in GROUPS.items():
        for check in ("conformance", "accuracy"):
            outcome = ahead_of_all.outcome(one, check)
            assert outcome is not None
            assert outcome.reason == f"{name}/{check}"
    for name in GROUPS:
        assert stage.begun.index(f"{name}/conformance") < stage.begun.index(f"{name}/accuracy")
    assert ahead_of_all.outcome(GROUPS["a"], "latency") is None


def test_workers_that_are_timed_later_are_kept_and_so_no_more_than_three_groups_are_begun(
    ahead: Callable[..., Ahead], stage: Stage
) -> None:
    ahead_of_all = ahead(timed="abcde")
    ahead_of_all.turn_to(GROUPS["a"].group)
    wait_until(lambda: len(stage.begun) == 6)
    wait_until(lambda: len(stage.begun) > 6, fails=True)
    turn = ahead_of_all.take(GROUPS["a"].group)
    assert cast(Any, turn) is stage.turns[0]
    assert not stage.turns[0].closed
    wait_until(lambda: len(stage.begun) == 8)


def test_workers_that_nothing_is_timed_with_are_let_go(ahead: Callable[..., Ahead], stage: Stage) -> None:
    ahead_of_all = ahead()
    assert ahead_of_all.outcome(GROUPS["e"], "accuracy")
    for one in GROUPS.values():
        assert ahead_of_all.take(one.group) is None
    assert [turn.closed for turn in stage.turns] == [True] * 5


def test_the_group_in_turn_is_begun_whatever_the_memory(
    ahead: Callable[..., Ahead], stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("suite.run.ahead.ROOM_MB", 1e12)
    ahead_of_all = ahead()
    ahead_of_all.turn_to(GROUPS["c"].group)
    assert ahead_of_all.outcome(GROUPS["c"], "accuracy")
    assert set(stage.begun) == {"c/conformance", "c/accuracy"}


def test_what_is_raised_is_raised_where_the_outcome_is_asked_for(ahead: Callable[..., Ahead], stage: Stage) -> None:
    stage.fault = Unwritable("the disk is full")
    with pytest.raises(Unwritable):
        ahead().outcome(GROUPS["a"], "conformance")


def test_at_the_end_nothing_more_is_begun(ahead: Callable[..., Ahead], stage: Stage) -> None:
    stage.may_go_on.clear()
    ahead_of_all = ahead(timed="abcde")
    wait_until(lambda: len(stage.begun) == 2)
    threading.Timer(0.2, stage.may_go_on.set).start()
    ahead_of_all.close()
    assert len(stage.begun) == 2
    assert all(turn.closed for turn in stage.turns)


def wait_until(holds: Callable[[], bool], *, fails: bool = False) -> None:
    """Block until it holds, for a minute at most; where it must never, for half a second."""
    ticks = threading.Event()
    for _ in range(50 if fails else 6000):
        if holds():
            break
        ticks.wait(0.01)
    assert holds() is not fails


SETTINGS: dict[str, Any] = {
    "capabilities": (), "backends": ("eager",), "models": (), "weights": "miniature", "samples": None, "device": "cpu",
    "threads": 2, "batch_size": 1, "budget": 0.1, "cell_timeout": 60.0, "resume": None, "strict": False,
}  # fmt: skip


@pytest.mark.parametrize(("timed", "threads"), [(False, 1), (True, 2)])
def test_a_probe_that_is_timed_has_every_core(
    timed: bool, threads: int, tasks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(**SETTINGS, results=tmp_path, isolate=False, tasks=tasks)
    planned = next(e for e in plan(settings, discovery.load_tasks(tasks)) if e.cell.backend == "eager")
    monkeypatch.setattr(type(planned.task), "probe_is_timed", timed)
    runner = CheckRunner(settings, [planned], RunFolder.create(tmp_path, "timed"))
    monkeypatch.setattr(runner, "_side_by_side", 2)
    runner.check(planned.cell, "accuracy")
    worker = runner.turn.workers.find(planned.cell)
    assert worker is not None
    assert worker.threads == threads
    runner.close()


@pytest.mark.slow
def test_a_run_does_ahead_what_it_is_asked_for_later(tasks: Path, tmp_path: Path) -> None:
    settings = Settings(**SETTINGS, results=tmp_path, isolate=True, tasks=tasks)
    planned = [e for e in plan(settings, discovery.load_tasks(tasks)) if e.cell.backend in ("eager", "bf16")]
    folder = RunFolder.create(tmp_path, "ahead")
    runner = CheckRunner(settings, planned, folder)
    pairs = [(entry.cell, check) for check in ("conformance", "latency") for entry in planned]
    runner.prepare(pairs)
    wait_until(lambda: len(folder.rows()) == len(planned))
    assert {row["check"] for row in folder.rows()} == {"conformance"}
    outcomes = [runner.check(*pair, [entry.cell for entry in planned]) for pair in pairs]
    assert {row["cell"] for row in folder.rows() if row["check"] == "latency"} == {e.cell.id for e in planned}
    assert len(folder.rows()) == len(pairs)
    assert all(outcome.status in (Status.PASSED, Status.UNSTABLE) for outcome in outcomes), outcomes
    runner.close()


def test_what_is_done_ahead_is_waited_for_before_anything_is_computed(tasks: Path, tmp_path: Path) -> None:
    """Else whoever wants the machine to itself there waits for this thread, and this thread for it."""
    settings = Settings(**SETTINGS, results=tmp_path, isolate=False, tasks=tasks)
    planned = next(e for e in plan(settings, discovery.load_tasks(tasks)) if e.cell.backend == "eager")
    runner = CheckRunner(settings, [planned], RunFolder.create(tmp_path, "waits"))
    computing: list[bool] = []

    class Waits:
        def turn_to(self, group: str) -> None:
            pass

        def outcome(self, cell: Cell, check: str) -> None:
            return None

        def take(self, group: str) -> None:
            computing.append(bool(runner.gate._computing))

        def close(self) -> None:
            pass

    runner._ahead = cast(Any, Waits())
    runner.check(planned.cell, "conformance")
    runner.close()
    assert computing == [False]
