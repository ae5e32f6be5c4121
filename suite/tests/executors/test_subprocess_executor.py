"""Workers as the parent sees them: it costs nothing to wait for one, and no death of one goes unnoticed."""

from __future__ import annotations

import multiprocessing.forkserver
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from suite.backends import REGISTRY
from suite.core.cell import Status
from suite.core.errors import UsageError
from suite.core.outcome import RequestFailed
from suite.core.rounds import Round
from suite.executors.base import Executor
from suite.executors.in_process import InProcessExecutor
from suite.executors.quiet import wait_until_quiet
from suite.executors.subprocess_executor import SubprocessExecutor
from suite.processes.forkserver import Forkserver
from suite.subjects import resolve
from suite.task.discovery import load_tasks
from suite.tests.support.reporting_backends import COMPUTES, reference_to
from suite.tests.support.tiny import CAPABILITY
from suite.worker.messages import Spec

Start = Callable[[str], SubprocessExecutor]


def spec_of(tasks: Path, backend: str) -> Spec:
    task = load_tasks(tasks)[CAPABILITY]
    return Spec(
        cell=f"{CAPABILITY}/tiny/{backend}", capability=CAPABILITY, tasks=tasks,
        source=resolve(task.checkpoints[0], "miniature", tasks), backend=backend, device="cpu", threads=1, batch_size=1,
        seed=0, samples=None, hub_data=False,
    )  # fmt: skip


@pytest.fixture
def start(tasks: Path, tmp_path: Path) -> Iterator[Start]:
    """Start a worker for a backend."""
    log = tmp_path / "log.txt"
    forkserver = Forkserver({"DistilBertForSequenceClassification", "AutoConfig"}, 1, log)
    started: list[SubprocessExecutor] = []

    def begin(backend: str) -> SubprocessExecutor:
        started.append(SubprocessExecutor(spec_of(tasks, backend), forkserver, log))
        return started[-1]

    yield begin
    for bench in started:
        bench.close()


def test_the_parent_is_idle_while_a_round_is_measured(start: Start) -> None:
    bench = start(REGISTRY["eager"])
    bench.ask("open", 60, build=None)
    bench.ask("warm_up", 60, seconds=0.1)
    cpu, wall = time.process_time(), time.perf_counter()
    done = bench.ask("round", 60, seconds=1.5)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    assert isinstance(done, Round)
    assert wall > 0.5
    assert cpu < 0.01 * wall, f"the parent took {cpu / wall:.2%} of a core"


def test_the_worker_is_another_process_and_ends_when_told(start: Start) -> None:
    bench = start(REGISTRY["noop"])
    assert bench.preload_problem is None
    assert bench.pid is not None
    assert bench.pid != os.getpid()
    assert wait_until_quiet([bench]) < 1.0
    began = time.monotonic()
    bench.close()
    assert time.monotonic() - began < 60
    assert not Path(f"/proc/{bench.pid}").exists()
    with pytest.raises(RequestFailed, match="the worker ended with exit code 0"):
        bench.ask("ping", 1)


def test_a_dead_worker_whose_child_lives_on_is_noticed(start: Start) -> None:
    bench = start(reference_to("leaves-children"))
    began = time.monotonic()
    with pytest.raises(RequestFailed, match="the worker ended with exit code 3 during open") as caught:
        bench.ask("open", 60, build=None)
    assert caught.value.status is Status.ERROR
    assert time.monotonic() - began < 50, "it waited for the child of the child"


def test_a_worker_at_work_is_not_waited_for(start: Start) -> None:
    bench = start("suite.tests.support.faulty_backends:Hangs")
    bench.ask("open", 60, build=None)
    with pytest.raises(
        RequestFailed, match=r"conformance took longer than 0.5 s: allow more with --cell-timeout"
    ) as caught:
        bench.ask("conformance", 0.5)
    assert caught.value.status is Status.TIMEOUT
    assert not Path(f"/proc/{bench.pid}").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says how long a process waited for a core")
def test_time_without_a_core_is_not_counted(start: Start) -> None:
    """Of a core that it shares with three others it gets a fourth, and takes four times as long."""
    bench = start(reference_to("computes"))
    (core, *_) = os.sched_getaffinity(0)
    os.sched_setaffinity(bench.pid or 0, {core})
    burn = f"import os\nos.sched_setaffinity(0, {{{core}}})\nwhile True: pass"
    others = [subprocess.Popen([sys.executable, "-c", burn]) for _ in range(3)]
    try:
        bench.ask("open", 1.5 * COMPUTES, build=None)
    finally:
        for other in others:
            other.kill()
            other.wait()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has these limits")
def test_a_worker_takes_no_more_memory_than_there_is(start: Start) -> None:
    bench = start("suite.tests.support.faulty_backends:Greedy")
    assert Path(f"/proc/{bench.pid}/oom_score_adj").read_text().strip() == "1000"
    bench.ask("open", 60, build=None)
    with pytest.raises(RequestFailed, match="memory ran out") as caught:
        bench.ask("conformance", 60)
    assert caught.value.status is Status.OOM
    bench.ask("ping", 5)


def test_an_error_is_a_sentence_and_the_worker_lives_on(start: Start) -> None:
    bench = start(reference_to("refuses"))
    for _ in range(2):
        with pytest.raises(RequestFailed, match="the weights are no good") as caught:
            bench.ask("open", 60, build=None)
        assert caught.value.status is Status.ERROR
    bench.ask("ping", 5)


@pytest.mark.parametrize(("name", "status"), [("finds-out", Status.UNSUPPORTED), ("refuses", Status.ERROR)])
def test_in_this_process_it_is_the_same(tasks: Path, name: str, status: Status) -> None:
    bench: Executor = InProcessExecutor(spec_of(tasks, reference_to(name)))
    with pytest.raises(RequestFailed) as caught:
        bench.ask("open", 60, build=None)
    assert caught.value.status is status
    assert wait_until_quiet([bench]) < 0.1
    bench.close()


def test_in_this_process_what_nobody_foresaw_is_raised_as_it_is(tasks: Path) -> None:
    bench = InProcessExecutor(spec_of(tasks, "suite.tests.support.faulty_backends:Raises"))
    bench.ask("open", 60, build=None)
    with pytest.raises(ZeroDivisionError, match="planted"):
        bench.ask("conformance", 60)


def test_a_task_that_is_gone_is_a_sentence(tasks: Path) -> None:
    spec = spec_of(tasks, REGISTRY["eager"])
    (tasks / "text" / "colour_naming.py").unlink()
    with pytest.raises(UsageError, match="defines no task"):
        InProcessExecutor(spec)


def forkserver_pid() -> int:
    server: Any = multiprocessing.forkserver._forkserver
    return int(server._forkserver_pid)


def test_a_forkserver_that_dies_as_a_worker_starts_costs_that_worker(start: Start) -> None:
    server = forkserver_pid()
    os.kill(server, signal.SIGSTOP)  # it takes the request no more
    threading.Timer(1.0, os.kill, (server, signal.SIGKILL)).start()
    with pytest.raises(RequestFailed, match="the process that forks workers has ended") as caught:
        start(REGISTRY["noop"])
    assert caught.value.status is Status.ERROR
    worker = start(REGISTRY["noop"])
    assert worker.preload_problem is None, "the next forkserver has not imported what it must"
    worker.ask("open", 60, build=None)


def test_a_forkserver_that_died_is_started_again_as_it_was(start: Start) -> None:
    worker = start(REGISTRY["noop"])
    os.kill(forkserver_pid(), signal.SIGKILL)
    with pytest.raises(RequestFailed, match=r"the worker (ended|died)"):
        worker.ask("open", 60, build=None)
    worker = start(REGISTRY["noop"])
    assert worker.preload_problem is None
    worker.ask("open", 60, build=None)
