"""Workers as the parent sees them: started, asked, timed out, replaced and kept from disturbing each other.

The parent stays free of torch. It blocks on a pipe while a worker works; it never polls.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.connection
import multiprocessing.forkserver
import os
import signal
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Protocol

from suite import preload, worker
from suite.cell import Status
from suite.errors import TouchstoneError
from suite.measure.accounting import cpu_seconds
from suite.output import print_to
from suite.protocol import Reply, Request, Spec
from suite.workbench import Workbench

QUIET_SECONDS = 0.004
QUIET_SHARE = 0.02
QUIET_PATIENCE = 2.0
STOP_SECONDS = 1.0
"""How long an idle worker may take to end once its pipe is closed; a busy one is killed."""
DEATH_SECONDS = 5.0
_MAIN = threading.Lock()
"""Workers are also started by threads, and the main module is one for all."""


class Stopped(Exception):  # noqa: N818 - an outcome, not a defect
    """A request that gave no result: its status, and the sentence why."""

    def __init__(self, status: Status, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


class Bench(Protocol):
    """Something that answers requests about one cell."""

    spec: Spec

    def ask(self, method: str, timeout: float, **arguments: Any) -> Any:
        """The result of `Workbench.method`, or `Stopped`."""

    def close(self) -> None:
        """Let go of the model."""

    @property
    def pid(self) -> int | None:
        """The process that works, if it is another one."""


class LocalBench:
    """A workbench in this very process, for a debugger: what nobody foresaw is raised as it is."""

    pid = None

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self._bench = Workbench(spec)

    def ask(self, method: str, timeout: float, **arguments: Any) -> Any:  # noqa: ARG002 - nothing to interrupt
        """Call the method."""
        try:
            return getattr(self._bench, method)(**arguments)
        except TouchstoneError as error:
            reply = worker.failure(error)
            raise Stopped(Status(reply.kind), reply.value) from error

    def close(self) -> None:
        """Drop the model."""
        del self._bench


class WorkerBench:
    """A workbench in a child process."""

    def __init__(self, spec: Spec, forkserver: Forkserver, log: Path) -> None:
        self.spec = spec
        self._log = log
        self._kills_before = _oom_kills()
        ours, theirs = multiprocessing.Pipe()
        self._pipe = ours
        self._busy = False
        self._process = forkserver.context.Process(
            target=worker.main, args=(theirs, spec, log, forkserver.preloads), daemon=True
        )
        with unimportable_main():
            self._process.start()
        theirs.close()
        self.preload_problem: str | None = self._receive(60.0, "start")

    @property
    def pid(self) -> int | None:
        """The child's process id."""
        return self._process.pid

    def ask(self, method: str, timeout: float, **arguments: Any) -> Any:
        """Send a request and block until its reply, the child's end or the timeout."""
        try:
            self._pipe.send(Request(method, arguments))
        except (BrokenPipeError, ConnectionResetError, OSError):
            raise self._died(method) from None
        return self._receive(timeout, method)

    def close(self) -> None:
        """End the child; one that does not listen, or is still at work, is killed."""
        self._pipe.close()
        if not self._busy:
            self._process.join(STOP_SECONDS)
        if self._process.is_alive():
            self.kill()

    def kill(self) -> None:
        """End the child at once."""
        self._process.kill()
        self._process.join()

    def _receive(self, timeout: float, method: str) -> Any:
        self._busy = True
        ready = multiprocessing.connection.wait([self._pipe, self._process.sentinel], timeout)
        self._busy = False
        if not ready:
            self.kill()
            raise Stopped(
                Status.TIMEOUT,
                f"{method} took longer than {timeout:g} s: allow more with --cell-timeout, or look at the log",
            )
        try:
            if self._pipe not in ready and not self._pipe.poll():
                raise EOFError  # a child of its own may live on, and hold the other end open
            reply: Reply = self._pipe.recv()
        except (EOFError, ConnectionResetError, OSError):
            raise self._died(method) from None
        if reply.kind == "ok":
            return reply.value
        raise Stopped(Status(reply.kind), reply.value)

    def _died(self, method: str) -> Stopped:
        self._process.join(DEATH_SECONDS)
        code = self._process.exitcode
        if code == -signal.SIGKILL and _oom_kills() > self._kills_before:
            return Stopped(Status.OOM, f"the system killed the worker during {method} because memory ran out")
        if code is not None and code < 0:
            return Stopped(Status.ERROR, f"the worker died of {signal.Signals(-code).name} during {method}")
        return Stopped(Status.ERROR, f"the worker ended with exit code {code} during {method}")


class Forkserver:
    """The process that workers are forked from, with the libraries in use already imported.

    multiprocessing has one per process and ends it with the process; one that has what is asked for is used again.
    """

    _running: ClassVar[tuple[object, ...] | None] = None

    def __init__(
        self,
        names: Iterable[str],
        threads: int,
        log: Path,
        instead: Mapping[str, str] | None = None,
        tasks: Path | None = None,
    ) -> None:
        """`instead` is all that it and its children find in the environment, beside what is set here.

        `tasks` is a folder of tasks to import as well.
        """
        self.preloads = hasattr(os, "fork")
        self.context: Any = multiprocessing.get_context("forkserver" if self.preloads else "spawn")
        environment = {
            preload.NAMES_VARIABLE: ",".join(sorted(set(names))),
            preload.TASKS_VARIABLE: str(tasks or ""),
            "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), *filter(None, sys.path)]),
            "OMP_NUM_THREADS": str(threads),
            "MKL_NUM_THREADS": str(threads),
            "TOKENIZERS_PARALLELISM": "false",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        }
        wanted = (preload.MODULE_NAME, *sorted((environment | dict(instead or {})).items()))
        if not self.preloads or wanted == Forkserver._running:
            return
        _stop_forkserver()
        self.context.set_forkserver_preload([preload.MODULE_NAME])
        with _environment(environment, instead), _output_to(log), unimportable_main():
            multiprocessing.forkserver.ensure_running()
        Forkserver._running = wanted


def _stop_forkserver() -> None:
    """One forkserver serves a whole process, and multiprocessing has no public way to end it."""
    server: Any = multiprocessing.forkserver._forkserver
    server._stop()


def wait_until_quiet(others: Iterable[Bench]) -> float:
    """Block until none of these workers burns CPU any more; returns the seconds waited.

    Thread pools go on spinning after a call, and disturb whoever is measured next.
    """
    pids = [bench.pid for bench in others if bench.pid is not None]
    started = time.perf_counter()
    while pids and time.perf_counter() - started < QUIET_PATIENCE:
        before = [cpu_seconds(pid) for pid in pids]
        time.sleep(QUIET_SECONDS)
        after = [cpu_seconds(pid) for pid in pids]
        burnt = [b - a for a, b in zip(before, after, strict=True) if a is not None and b is not None]
        if sum(burnt) < QUIET_SHARE * QUIET_SECONDS:
            break
    return time.perf_counter() - started


def _oom_kills() -> int:
    """How often the kernel has killed for want of memory."""
    try:
        for line in Path("/proc/vmstat").read_text().splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    except OSError:
        pass
    return 0


@contextlib.contextmanager
def _environment(values: Mapping[str, str], instead: Mapping[str, str] | None) -> Iterator[None]:
    before = dict(os.environ)
    if instead is not None:
        os.environ.clear()
        os.environ.update(instead)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextlib.contextmanager
def _output_to(log: Path) -> Iterator[None]:
    """Let what is started in here inherit the log as its standard output and error."""
    saved = [os.dup(1), os.dup(2)]
    try:
        print_to(log)
        yield
    finally:
        for number, copy in zip((1, 2), saved, strict=True):
            os.dup2(copy, number)
            os.close(copy)


@contextlib.contextmanager
def unimportable_main() -> Iterator[None]:
    """Keep children from importing pytest's entry script again as their own main module."""
    with _MAIN:
        yield from _without_main()


def _without_main() -> Iterator[None]:
    main = sys.modules["__main__"]
    saved = {name: getattr(main, name) for name in ("__file__", "__spec__") if hasattr(main, name)}
    for name in saved:
        delattr(main, name)
    main.__spec__ = None
    try:
        yield
    finally:
        for name, value in saved.items():
            setattr(main, name, value)
