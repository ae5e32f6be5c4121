"""How far a long answer is: the worker says it before it answers, and whoever listens hears it."""

from __future__ import annotations

import multiprocessing
import threading
from pathlib import Path
from typing import Any

import pytest

from suite.backends import references
from suite.executors.in_process import InProcessExecutor
from suite.executors.subprocess_executor import SubprocessExecutor
from suite.tests.executors.test_subprocess_executor import spec_of
from suite.worker import main
from suite.worker.messages import TOLD, Reply, Request


class Says:
    """A cell that has much to say before it answers."""

    def __init__(self, spec: Any) -> None:
        self.tell: Any = None

    def answer(self, request: Request) -> str:
        for word in ("one", "two"):
            self.tell(word)
        return request.method


def test_a_worker_tells_first_and_answers_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main, "CellWorker", Says)
    ours, theirs = multiprocessing.Pipe()
    serving = threading.Thread(target=main.serve, args=(theirs, None))
    serving.start()
    ours.send(Request("build"))
    replies = [ours.recv() for _ in range(3)]
    ours.close()
    serving.join(10)
    assert [(reply.kind, reply.value) for reply in replies] == [(TOLD, "one"), (TOLD, "two"), ("ok", "build")]


def test_the_parent_hears_it_and_waits_for_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    replies = iter([Reply(TOLD, "one"), Reply(TOLD, "two"), Reply("ok", "answer")])
    monkeypatch.setattr(SubprocessExecutor, "_next", lambda *_: next(replies))
    executor = object.__new__(SubprocessExecutor)
    heard: list[str] = []
    executor.listen(heard.append)
    assert executor._receive(1.0, "build") == "answer"
    assert heard == ["one", "two"]


def test_in_this_process_too(tasks: Path) -> None:
    executor = InProcessExecutor(spec_of(tasks, references()["eager"]))
    heard: list[str] = []
    executor.listen(heard.append)
    executor._worker.tell("one")
    assert heard == ["one"]
