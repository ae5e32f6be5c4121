"""Many threads work side by side, each with workers of its own, and any of them may have the machine to itself."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from suite.executors.base import Executor
from suite.executors.quiet import wait_for_children


class Closed(BaseException):
    """The work is to end; nothing has failed. No subclass of Exception: whoever catches those must not catch it."""


class Pausable(Protocol):
    """A process that can stand still."""

    @property
    def pid(self) -> int | None:
        """Its number; None where it is this process."""

    def pause(self) -> None:
        """Stand still until `resume`."""

    def resume(self) -> None:
        """Go on."""

    def kill(self) -> None:
        """End at once."""


class Gate:
    """Who is at work. While one thread is `alone`, the workers of all others stand still, and so do the threads."""

    def __init__(self) -> None:
        self._state = threading.Condition()
        self._turns = threading.Lock()
        self._owner: int | None = None
        self._computing: set[int] = set()
        """The threads that compute in this process, rather than wait for a worker."""
        self._asked: list[Pausable] = []
        """The workers that answer at the moment."""
        self._paused: list[Pausable] = []
        self._closed = False

    @contextmanager
    def work(self) -> Iterator[None]:
        """Compute in this thread, unless another is alone: then as soon as it is not.

        Raises:
            Closed: the work is to end.
        """
        self._begin()
        try:
            yield
        finally:
            self._end()

    @contextmanager
    def request(self, executor: Pausable) -> Iterator[None]:
        """Let a worker compute, which stands still while another thread is alone.

        Raises:
            Closed: the work is to end.
        """
        me = threading.get_ident()
        if self._owner == me:
            yield
            return
        with self._state:
            computes = me in self._computing
            self._computing.discard(me)  # before it waits: whoever is to be alone waits for all that compute
            self._state.notify_all()
            self._wait()
            self._asked.append(executor)
        try:
            yield
        finally:
            with self._state:
                self._asked.remove(executor)
            if computes:
                self._begin()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Have the machine to oneself.

        Raises:
            Closed: the work is to end.
        """
        me = threading.get_ident()
        if self._owner == me:
            yield
            return
        computes = me in self._computing
        self._end()  # whoever is alone now waits for this thread
        try:
            with self._turns:
                self._stop_others()
                try:
                    yield
                finally:
                    self._let_others_go()
        finally:
            if computes:
                self._begin()

    def close(self) -> None:
        """End the workers that are at work, and every thread at its next step."""
        with self._state:
            self._closed = True
            for executor in self._asked:
                executor.kill()
            self._state.notify_all()

    def _begin(self) -> None:
        with self._state:
            self._wait()
            self._computing.add(threading.get_ident())

    def _end(self) -> None:
        with self._state:
            self._computing.discard(threading.get_ident())
            self._state.notify_all()

    def _wait(self) -> None:
        self._state.wait_for(lambda: self._owner is None or self._closed)
        if self._closed:
            raise Closed

    def _stop_others(self) -> None:
        with self._state:
            if self._closed:
                raise Closed
            self._owner = threading.get_ident()
            self._paused = list(self._asked)
            try:
                for executor in self._paused:
                    executor.pause()
                self._state.wait_for(lambda: not self._computing or self._closed)
                wait_for_children(self._paused)
            except BaseException:
                self._release()
                raise

    def _let_others_go(self) -> None:
        with self._state:
            self._release()

    def _release(self) -> None:
        self._owner = None
        for executor in self._paused:  # one may have answered all the same, before it stood still
            executor.resume()
        self._paused = []
        self._state.notify_all()


class GatedExecutor:
    """An executor whose requests pass through a gate."""

    def __init__(self, executor: Executor, gate: Gate) -> None:
        self._executor, self._gate = executor, gate

    @property
    def pid(self) -> int | None:
        """The process that works, if it is another one."""
        return self._executor.pid

    def ask(self, method: str, timeout: float, **arguments: Any) -> Any:
        """The worker's answer, which takes no shorter for the time that it had to stand still.

        Raises:
            RequestFailed: it had none.
            Closed: the work is to end.
        """
        with self._gate.request(self._executor):
            return self._executor.ask(method, timeout, **arguments)

    def listen(self, told: Callable[[str], None]) -> None:
        """Let `told` hear how far a long answer is."""
        self._executor.listen(told)

    def pause(self) -> None:
        """Stand still."""
        self._executor.pause()

    def resume(self) -> None:
        """Go on."""
        self._executor.resume()

    def kill(self) -> None:
        """End at once, in the middle of an answer too."""
        self._executor.kill()

    def close(self) -> None:
        """Let go of the model."""
        self._executor.close()
