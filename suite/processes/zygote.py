"""A process that has imported the libraries in use, possibly behind a wall, and copies of it that do the work.

multiprocessing's forkserver cannot live behind a wall: it ends its children by their numbers, which mean other
processes there, is reached by a path, and hands on descriptors of its own. A zygote is given three things and no more:
a socket from which it takes descriptors, a file of imports, and a pipe for what it prints.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing.connection
import os
import select
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from suite.processes import preload
from suite.processes.environment import library_settings

Enclosure = Callable[[], AbstractContextManager[tuple[Sequence[str], Sequence[int]]]]
"""Gives the beginning of a command that runs the rest of it behind a wall, and the descriptors that it needs."""
LONGEST_LOG = 2**28
"""Bytes that a zygote and its copies may print."""
PATIENCE = 30.0
"""Seconds for a zygote to take a request, or to end."""
LONGEST_IMPORT = 900.0
"""Seconds for its imports: on a crowded machine they have taken two minutes."""


class Child:
    """A copy of a zygote. Either side has an end of a socket, by which it learns that the other is no more.

    The copy's number is not known: it may be one of another namespace, and here that of a stranger's process.
    """

    def __init__(self, life: socket.socket) -> None:
        self._life = life

    def fileno(self) -> int:
        """A descriptor that can be read as soon as the copy has ended."""
        return self._life.fileno()

    def end(self) -> None:
        """Tell the copy to end, now."""
        with contextlib.suppress(OSError):
            self._life.shutdown(socket.SHUT_WR)

    def join(self, seconds: float) -> bool:
        """Wait for the copy's end; `False` where it does not come."""
        deadline = time.monotonic() + seconds
        while self._life.fileno() >= 0:
            if not multiprocessing.connection.wait([self._life], max(deadline - time.monotonic(), 0)):
                return False
            try:
                said = self._life.recv(1 << 16)
            except ConnectionError:
                said = b""
            if not said:
                self._life.close()
            elif time.monotonic() > deadline:
                return False
        return True


@dataclass(frozen=True)
class _Start:
    """How a zygote is started, the first time and again where it has died."""

    target: str
    imports: str
    environment: dict[str, str]
    log: Path
    enclosure: Enclosure | None


class Zygote:
    """A process that has imported what is asked for, and that copies itself. It ends with the process that made it.

    `environment` is all of its environment beside what libraries need. `target`, module:function, is what a copy
    calls, with the numbers of its descriptors; the last of them is its end of the socket of `Child`.
    """

    def __init__(
        self,
        target: str,
        names: Iterable[str],
        environment: Mapping[str, str],
        log: Path,
        enclosure: Enclosure | None = None,
    ) -> None:
        """`enclosure` is for all of it; `log` gets what is printed.

        Raises:
            OSError: it cannot be started.
        """
        self.log = log
        imports = json.dumps({"names": sorted(set(names)), "tasks": []})
        self._start = _Start(target, imports, {**environment, **library_settings(1)}, log, enclosure)
        self._lock = threading.Lock()
        self._running: _Running | None = _Running(self._start)

    def start(self, descriptors: Sequence[int]) -> Child:
        """Make a copy that gets these descriptors, as soon as the imports are done.

        A zygote that has died is started again before, as it was. One that dies with this request takes it along: the
        copy has then ended.

        Raises:
            OSError: it cannot be started, or takes no request.
        """
        ours, theirs = socket.socketpair()
        with theirs, self._lock:
            try:
                self._send([*descriptors, theirs.fileno()])
            except OSError:
                ours.close()
                raise
        return Child(ours)

    def _send(self, descriptors: list[int]) -> None:
        if self._running is not None and self._running.is_alive():
            with contextlib.suppress(OSError):  # it may have died this very moment
                self._running.send(descriptors)
                return
        self._end()
        self._running = _Running(self._start)
        self._running.send(descriptors)

    def close(self) -> None:
        """End it and its copies; when this returns, the log has all that they have printed."""
        with self._lock:
            self._end()

    def _end(self) -> None:
        if self._running is not None:
            self._running.end()
            self._running = None

    def kill(self) -> None:
        """End it by force, with whatever is behind its wall."""
        running = self._running
        if running is not None:
            running.process.kill()


class _Running:
    """A zygote's process, and the thread that has started it and copies to the log what is printed.

    A wall can be bound to the life of the thread that has built it, so this one lives as long.
    """

    def __init__(self, start: _Start) -> None:
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.control.settimeout(LONGEST_IMPORT)
        self._ready = False
        begun: Future[subprocess.Popen[bytes]] = Future()
        self._thread = threading.Thread(target=_keep, args=(start, theirs, begun), name="zygote", daemon=True)
        self._thread.start()
        try:
            self.process = begun.result()
        except OSError:
            self.control.close()
            raise

    def is_alive(self) -> bool:
        return self.process.poll() is None

    def send(self, descriptors: list[int]) -> None:
        """Ask for a copy. Raises OSError."""
        if not self._ready:
            # Its first and only word; none of its copies has a way to say anything.
            if not self.control.recv(1):
                raise ConnectionResetError("it ended as it imported libraries")
            self.control.settimeout(PATIENCE)
            self._ready = True
        socket.send_fds(self.control, [b"?"], descriptors)

    def end(self) -> None:
        self.control.close()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._thread.join(PATIENCE)


def _keep(start: _Start, control: socket.socket, begun: Future[subprocess.Popen[bytes]]) -> None:
    try:
        with control, start.log.open("ab", buffering=0) as log:
            reading, writing = os.pipe()
            try:
                process = _spawn(start, control, writing)
            except BaseException:
                os.close(reading)
                raise
            finally:
                os.close(writing)
            control.close()
            begun.set_result(process)
            _copy(reading, process, log.write)
    except BaseException as error:
        if not begun.done():
            begun.set_exception(error)


def _spawn(start: _Start, control: socket.socket, output: int) -> subprocess.Popen[bytes]:
    enclosure = start.enclosure or (lambda: contextlib.nullcontext(((), ())))
    with tempfile.TemporaryFile() as imports, enclosure() as (prefix, needed):
        imports.write(start.imports.encode())  # a file, since they can be more than a variable holds
        imports.seek(0)
        command = [sys.executable, "-P", "-m", "suite.processes.zygote_main"]
        return subprocess.Popen(
            [*prefix, *command, start.target, str(control.fileno()), json.dumps(sys.path)],
            env={**start.environment, preload.DESCRIPTOR_VARIABLE: str(imports.fileno())},
            pass_fds=[control.fileno(), imports.fileno(), *needed],
            cwd="/",
            start_new_session=True,  # what is typed at the terminal is for the run, which says what is to end
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )


def _copy(pipe: int, process: subprocess.Popen[bytes], write: Callable[[bytes], object]) -> None:
    """Copy from a pipe until its writers have ended, or `process` has and nothing is left to read."""
    left = LONGEST_LOG
    try:
        handle = os.pidfd_open(process.pid)
    except ProcessLookupError:
        handle = os.open(os.devnull, os.O_RDONLY)  # it has ended and was waited for: ready at once, too
    try:
        while True:
            ready, _, _ = select.select([pipe, handle], [], [])
            data = os.read(pipe, 1 << 16) if pipe in ready else b""
            if not data:
                return
            if left > 0:
                with contextlib.suppress(OSError):  # a full disk ends no document
                    write(data[:left])
                left -= len(data)
    finally:
        os.close(handle)
        os.close(pipe)
