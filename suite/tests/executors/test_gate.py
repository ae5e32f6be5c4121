"""Who is alone has the machine: the workers of others stand still, in the middle of an answer too, and lose no time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import psutil
import pytest

from suite.backends import references
from suite.core.cell import Status
from suite.core.outcome import RequestFailed
from suite.executors.gate import Closed, Gate, GatedExecutor
from suite.executors.subprocess_executor import SubprocessExecutor
from suite.measure.cpu_time import cpu_seconds
from suite.processes.forkserver import Forkserver
from suite.tests.executors.test_subprocess_executor import spec_of


class Worker:
    """Answers when it is told to."""

    pid = None

    def __init__(self) -> None:
        self.may_answer, self.asked = threading.Event(), threading.Event()
        self.is_paused = self.is_killed = False

    def ask(self, method: str, timeout: float, **arguments: Any) -> str:
        self.asked.set()
        assert self.may_answer.wait(timeout)
        if self.is_killed:
            raise RequestFailed(Status.ERROR, "killed")
        return method

    def listen(self, told: Callable[[str], None]) -> None:
        pass

    def pause(self) -> None:
        self.is_paused = True

    def resume(self) -> None:
        self.is_paused = False

    def kill(self) -> None:
        self.is_killed = True
        self.may_answer.set()

    def close(self) -> None:
        pass


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def worker() -> Worker:
    return Worker()


def test_a_thread_that_comes_to_a_worker_while_another_waits_to_be_alone_lets_it(gate: Gate, worker: Worker) -> None:
    """It computes no more; else the two would wait for each other."""
    computes, is_wanted, was_alone = threading.Event(), threading.Event(), threading.Event()

    def ask() -> str:
        with gate.work():
            computes.set()
            assert is_wanted.wait(10)
            answer: str = GatedExecutor(worker, gate).ask("answer", 10)
            return answer

    def be_alone() -> None:
        with gate.alone():
            assert not worker.asked.is_set()
            was_alone.set()

    worker.may_answer.set()
    with ThreadPoolExecutor(2) as pool:
        other = pool.submit(ask)
        assert computes.wait(10)
        alone = pool.submit(be_alone)
        while gate._owner is None:
            time.sleep(0.01)
        is_wanted.set()
        try:
            assert was_alone.wait(10), "they wait for each other"
        finally:
            if not was_alone.is_set():
                gate.close()
        alone.result(10)
        assert other.result(10) == "answer"


def test_a_worker_stands_still_while_another_thread_is_alone(gate: Gate, worker: Worker) -> None:
    ended = threading.Event()

    def ask() -> str:
        with gate.work():
            answer: str = GatedExecutor(worker, gate).ask("answer", 10)
            ended.set()
            return answer

    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(ask)
        assert worker.asked.wait(10)
        with gate.alone():
            assert worker.is_paused
            worker.may_answer.set()  # it had answered before it stood still
            assert not ended.wait(0.2), "its thread computes beside the one that is alone"
            assert GatedExecutor(cast(Any, SimpleNamespace(ask=lambda *_: "mine")), gate).ask("answer", 1) == "mine"
        assert other.result(10) == "answer"
    assert not worker.is_paused


def test_who_computes_in_this_process_is_waited_for(gate: Gate) -> None:
    computing, may_end, order = threading.Event(), threading.Event(), []

    def compute() -> None:
        with gate.work():
            computing.set()
            assert may_end.wait(10)
            order.append("computed")

    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(compute)
        assert computing.wait(10)
        threading.Timer(0.2, may_end.set).start()
        with gate.alone():
            order.append("alone")
        other.result(10)
    assert order == ["computed", "alone"]


def test_two_that_want_to_be_alone_take_turns(gate: Gate) -> None:
    inside: list[int] = []

    def alone(number: int) -> None:
        with gate.work(), gate.alone():
            inside.append(number)
            time.sleep(0.05)
            assert inside[-1] == number

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(alone, number) for number in range(8)]:
            done.result(20)
    assert sorted(inside) == list(range(8))


def test_at_the_end_whoever_waits_is_let_go_and_whoever_works_is_ended(gate: Gate, worker: Worker) -> None:
    def ask() -> None:
        with gate.work():
            GatedExecutor(worker, gate).ask("answer", 10)

    with ThreadPoolExecutor(2) as pool:
        other = pool.submit(ask)
        assert worker.asked.wait(10)
        gate.close()
        with pytest.raises(Closed):
            other.result(10)
        with pytest.raises(Closed):
            pool.submit(ask).result(10)
    assert worker.is_killed


@pytest.mark.slow
def test_a_real_worker_computes_nothing_meanwhile_and_its_timeout_does_not_count_it(
    tasks: Path, tmp_path: Path
) -> None:
    log = tmp_path / "log.txt"
    forkserver = Forkserver({"DistilBertForSequenceClassification", "AutoConfig"}, 1, log)
    executor = SubprocessExecutor(spec_of(tasks, references()["eager"]), forkserver, log)
    gate = Gate()
    try:
        executor.ask("open", 60, build=None)
        pid = executor.pid
        assert pid is not None
        with ThreadPoolExecutor(1) as pool:
            loop = pool.submit(GatedExecutor(executor, gate).ask, "bare_loop", 4, seconds=2.0)
            while psutil.Process(pid).cpu_percent(0.1) < 10:
                assert not loop.done()
            with gate.alone():
                before = cpu_seconds(pid)
                time.sleep(3)
                assert cpu_seconds(pid) == before
            assert loop.result(20)
    finally:
        executor.close()
