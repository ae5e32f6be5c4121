"""A cell's worker in a child process: started, asked, timed out and ended.

The parent stays free of torch. It blocks on a pipe while a worker works; it never polls.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import multiprocessing.forkserver
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from suite.core.cell import Status
from suite.core.outcome import RequestFailed
from suite.measure.cpu_time import starved_seconds
from suite.processes.forkserver import Forkserver
from suite.worker.main import main as worker_main
from suite.worker.messages import TOLD, Reply, Request, Spec

STOP_SECONDS = 1.0
"""How long an idle worker may take to end once its pipe is closed; a busy one is killed."""
DEATH_SECONDS = 5.0


class SubprocessExecutor:
    """A cell's worker in a child process, forked from the forkserver.

    Raises:
        RequestFailed: it could not be started.
    """

    def __init__(self, spec: Spec, forkserver: Forkserver, log: Path) -> None:
        self._kills_before = _oom_kills()
        ours, theirs = multiprocessing.Pipe()
        self._pipe = ours
        self.listen(_unheard)
        self._busy = False
        self._paused_s = 0.0
        self._paused_since: float | None = None
        self._process = forkserver.context.Process(
            target=worker_main, args=(theirs, spec, log, forkserver.preloads), daemon=True
        )
        try:
            forkserver.start(self._process)
        except (EOFError, OSError) as error:
            ours.close()
            raise RequestFailed(
                Status.ERROR,
                f"the worker could not be started, since the process that forks workers has ended ({_named(error)}): "
                "the log may say why; --resume tries again",
            ) from None
        finally:
            theirs.close()
        self.preload_problem: str | None = self._receive(60.0, "start")
        self._handle = psutil.Process(self._process.pid)  # which knows whether the number means another process by now

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

    def listen(self, told: Callable[[str], None]) -> None:
        """Let `told` hear how far a long answer is."""
        self._told = told

    def pause(self) -> None:
        """Stop the child where it is; a request's timeout does not count the time."""
        if self._paused_since is None:
            self._paused_since = time.monotonic()
            with suppress(psutil.Error):
                self._handle.suspend()

    def resume(self) -> None:
        """Let the child go on."""
        if self._paused_since is not None:
            with suppress(psutil.Error):
                self._handle.resume()
            self._paused_s += time.monotonic() - self._paused_since
            self._paused_since = None

    def kill(self) -> None:
        """End the child at once."""
        self._process.kill()
        self._process.join()

    def _receive(self, timeout: float, method: str) -> Any:
        while (reply := self._next(timeout, method)).kind == TOLD:
            self._told(reply.value)
        if reply.kind == "ok":
            return reply.value
        raise RequestFailed(Status(reply.kind), reply.value)

    def _next(self, timeout: float, method: str) -> Reply:
        self._busy = True
        ready = self._wait(timeout)
        self._busy = False
        if not ready:
            self.kill()
            raise RequestFailed(
                Status.TIMEOUT,
                f"{method} took longer than {timeout:g} s: allow more with --cell-timeout, or look at the log",
            )
        try:
            if self._pipe not in ready and not self._pipe.poll():
                raise EOFError  # a child of its own may live on, and hold the other end open
            reply: Reply = self._pipe.recv()
        except (EOFError, ConnectionResetError, OSError):
            raise self._died(method) from None
        return reply

    def _wait(self, timeout: float) -> list[Any]:
        """Whatever has something to say, after at most so many seconds in which the child was neither paused nor kept
        off the cores by others: on a crowded machine it takes longer, which is no fault of its own.
        """
        pid = self._process.pid or 0
        end = time.monotonic() + timeout - self._paused()
        before = starved_seconds(pid)
        while True:
            left = end + self._paused() - time.monotonic()
            ready = multiprocessing.connection.wait([self._pipe, self._process.sentinel], max(0.0, left))
            if ready:
                return ready
            after = starved_seconds(pid)
            end += max(0.0, after - before)
            before = after
            if end + self._paused() <= time.monotonic():
                return []

    def _paused(self) -> float:
        """Seconds in which the child was paused, so far."""
        since = self._paused_since
        return self._paused_s + (0.0 if since is None else time.monotonic() - since)

    def _died(self, method: str) -> RequestFailed:
        self._process.join(DEATH_SECONDS)
        code = self._process.exitcode
        if code == -signal.SIGKILL and _oom_kills() > self._kills_before:
            return RequestFailed(Status.OOM, f"the system killed the worker during {method} because memory ran out")
        if code is not None and code < 0:
            return RequestFailed(Status.ERROR, f"the worker died of {signal.Signals(-code).name} during {method}")
        return RequestFailed(Status.ERROR, f"the worker ended with exit code {code} during {method}")


def _unheard(text: str) -> None:
    """Until somebody listens."""


def _named(error: BaseException) -> str:
    return " ".join(
        [type(error).__name__, *([error.strerror] if isinstance(error, OSError) and error.strerror else [])]
    )


def _oom_kills() -> int:
    """How often the kernel has killed for want of memory."""
    try:
        for line in Path("/proc/vmstat").read_text().splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    except OSError:
        pass
    return 0
