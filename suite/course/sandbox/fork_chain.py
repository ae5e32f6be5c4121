"""The processes that execute a document's examples and hold its names: a chain, each one the next one's parent.

Before an example the process that holds the names forks; the child executes the example and becomes the next keeper.
If the child dies or takes too long, its parent still holds the names as they were, and goes on from there. A process in
which an example left threads behind cannot be forked safely: it executes the next one itself.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import struct
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

from suite.course.documents.reply import encode
from suite.course.documents.result import TIMEOUT, ExampleResult
from suite.course.sandbox.execute import execute
from suite.course.stand_ins.access_log import Note, read_note

PATIENCE = 8.0
LENIENCE = 4
"""How many times its limit an example may take where it had to wait for a processor."""
_KEPT, _STARTED, _DONE = b"k", b"s", b"d"
"""The messages to a parent: that its own child keeps the names now, which example it began, that it replied."""


def keep(
    requests: Connection, replies: Connection, namespace: dict[str, Any], seconds: float, notes: Sequence[Path]
) -> None:
    """Execute one requested example after the other, each in a child where that is safe. Returns at the end.

    An example that takes longer than `seconds` is ended. `notes` are the files to which others write what it did.
    """
    parent: int | None = None
    while _wait_for_request(requests):
        if len([*Path("/proc/self/task").iterdir()]) > 1 and parent is not None:
            _run_example(requests, replies, namespace, parent, notes)
            continue
        reading, writing = os.pipe()
        child = _fork_patiently()
        if child == 0:
            os.close(reading)
            os.setpgid(0, 0)
            if parent is not None:
                _send(parent, _KEPT)
                os.close(parent)
            parent = writing
            # Only now is the request taken: whatever happened to a process before this, another one still finds it.
            _run_example(requests, replies, namespace, parent, notes)
            continue
        os.close(writing)
        end = _supervise(child, reading, seconds)
        os.close(reading)
        if end.how == "finished":
            return
        if end.how == "kept":
            os._exit(0)
        if end.example is not None:
            reply(replies, encode(end.example, ExampleResult(termination=end.how)))


def _wait_for_request(requests: Connection) -> bool:
    """Wait for a request without taking it; `False` where none will come."""
    waiting = select.poll()
    waiting.register(requests.fileno(), select.POLLIN)
    return any(event & select.POLLIN for _, event in waiting.poll())


def _fork_patiently() -> int:
    """Fork, if need be as soon as what a flood of processes has left is buried."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return os.fork()
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def reply(replies: Connection, message: dict[str, Any]) -> None:
    """Send a line of JSON: whoever reads it is outside, and what an example forges must stay mere data."""
    left = json.dumps(message, ensure_ascii=False).encode(errors="replace") + b"\n"
    while left:
        left = left[os.write(replies.fileno(), left) :]


def _send(pipe: int, message: bytes) -> None:
    with contextlib.suppress(OSError):
        os.write(pipe, message)


def _run_example(
    requests: Connection, replies: Connection, namespace: dict[str, Any], parent: int, notes: Sequence[Path]
) -> None:
    index, example = requests.recv()
    _send(parent, _STARTED + struct.pack("!i", index))
    process = os.getpid()
    before = {path: path.stat().st_size if path.exists() else 0 for path in notes}
    result = execute(example, namespace)
    if os.getpid() != process:  # the example forked, and this is not the one that took the request
        os._exit(0)
    result.notes = [note for path, start in before.items() for note in _notes_since(path, start)]
    reply(replies, encode(index, result))
    _send(parent, _DONE)


def _notes_since(path: Path, start: int) -> list[Note]:
    try:
        with path.open("rb") as file:
            file.seek(start)
            notes = [read_note(json.loads(line)) for line in file.read().splitlines()]
            return [note for note in notes if note is not None]
    except (OSError, ValueError):
        return []


class _End(NamedTuple):
    """How a child ended, and the example that it was at: `None` where it had not begun one, or had replied."""

    how: str
    example: int | None = None


def _supervise(child: int, pipe: int, seconds: float) -> _End:
    """Wait for a child: "finished", "kept" (a child of its own keeps the names now), or how it died."""
    handle = os.pidfd_open(child)
    sources = [pipe, handle]
    index: int | None = None
    working, begun, queued, excused = True, time.monotonic(), 0.0, 0.0
    try:
        while True:
            left = max(begun + seconds + excused - time.monotonic(), 0) if working else None
            ready, _, _ = select.select(sources, [], [], left)
            if pipe in ready:
                message = os.read(pipe, 1)
                if message == _KEPT:
                    return _End("kept")
                if not message:
                    sources.remove(pipe)
                    continue
                working = message == _STARTED
                index = struct.unpack("!i", os.read(pipe, 4))[0] if working else None
                begun, queued, excused = time.monotonic(), _queued(child), 0.0
            elif handle in ready:
                code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
                if not working and code == 0:
                    return _End("finished")
                kill_group(child)
                return _End(signal.Signals(-code).name if code < 0 else f"exit code {code}", index)
            else:
                excused = min(_queued(child) - queued, (LENIENCE - 1) * seconds)
                if time.monotonic() < begun + seconds + excused:
                    continue
                os.kill(child, signal.SIGKILL)
                kill_group(child)
                os.waitpid(child, 0)
                return _End(TIMEOUT, index)
    finally:
        os.close(handle)


def _queued(process: int) -> float:
    """Seconds that a process has waited for a processor: on a crowded machine they are not its own fault."""
    try:
        threads = [*Path(f"/proc/{process}/task").glob("*/schedstat")]
        return max((int(thread.read_text().split()[1]) for thread in threads), default=0) / 1e9
    except (OSError, IndexError):
        return 0.0


def kill_group(leader: int) -> None:
    """Kill what a process has started, again and again: some of it may be starting more."""
    for _ in range(100 if leader > 0 else 0):
        try:
            os.killpg(leader, signal.SIGKILL)
        except OSError:
            return
        time.sleep(0.01)
