"""The processes that carry out one document, behind its walls.

The first process of the namespaces watches over memory. Beside it live the stand-ins and, in turn, the keepers: before
an example the process that holds the document's names forks, the child carries the example out and becomes the next
keeper. If the child dies or takes too long, its parent still holds the names as they were, and goes on from there. A
process in which an example left threads behind cannot be forked safely: it carries out the next one itself.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from suite import preload
from suite.errors import TouchstoneError
from suite.examples import apps, caps, kernel, walls
from suite.examples.document import Example
from suite.examples.performing import Performance, new_namespace, perform
from suite.examples.walls import Limits

NOTES = "/tmp/.notes.jsonl"
"""Where the stand-ins write what they were asked."""
WATCH_SECONDS = 0.3
FLOOD = 64
"""Processes of a document that are too many."""
MODEST = 10
"""How much less urgent an example is than those who watch over it."""
START_SECONDS = 60.0
PATIENCE = 8.0


@dataclass(frozen=True)
class Ground:
    """What a document is carried out on.

    `authority` signs for the stand-ins. `readable` are paths beside the interpreter's that are seen; `cache` is where
    stand-ins are kept, written by these alone. `shown` are files and folders beside the document, by the name under
    which it finds them. `hints` say for which task or class the document's code names a checkpoint; `local` are
    checkpoints that it expects below ./models.
    """

    limits: Limits
    cache: str
    authority: bytes
    readable: tuple[str, ...] = ()
    shown: dict[str, str] = field(default_factory=dict)
    hints: dict[str, str] = field(default_factory=dict)
    local: tuple[str, ...] = ()
    core: int | None = None
    walled: bool = True


def main(requests: Connection, replies: Connection, ground: Ground, log: str) -> None:
    """Run in a child of the forkserver: build the walls, then answer requests until the pipe closes."""
    kernel.die_with_parent(signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _print_to(log)
    preload.restore_paths()
    if ground.core is not None:
        os.sched_setaffinity(0, {ground.core})
    try:
        if ground.walled:
            walls.enter()
        first = os.fork()
    except OSError as error:
        _reply(replies, {"refused": str(error)})
        os._exit(1)
    if first == 0:
        try:
            kernel.die_with_parent(signal.SIGKILL)
            if ground.walled:
                _first(requests, replies, ground)
            _begin_openly(requests, replies, ground)
        except BaseException:
            traceback.print_exc()
            with contextlib.suppress(OSError):
                _reply(replies, {"refused": traceback.format_exc(limit=-3)})
        os._exit(1)
    requests.close()
    replies.close()
    os.waitpid(first, 0)
    os._exit(0)


def _first(requests: Connection, replies: Connection, ground: Ground) -> None:
    """The first process of the namespaces: with its end everything in them ends."""
    walls.furnish(
        [*walls.interpreter_files(), *ground.readable, *ground.shown.values()],
        [ground.cache],
        ground.limits,
    )
    standing_in = _fork(lambda: _stand_in(ground))
    _show_around(ground)
    _fork(lambda: _begin(requests, replies, ground))
    requests.close()
    replies.close()
    _watch(standing_in, ground.limits)


def _fork(work: Callable[[], None]) -> int:
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        work()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _stand_in(ground: Ground) -> None:
    from suite.stand_ins import front

    served = front.open_sockets()
    walls.confine(ground.limits, [ground.cache])
    front.serve(served, ground.authority, ground.hints, Path(ground.cache), Path(NOTES))


def _begin(requests: Connection, replies: Connection, ground: Ground) -> None:
    os.nice(MODEST)
    _lay_out_checkpoints(ground)
    walls.become_nobody()
    walls.confine(ground.limits)
    _wait_for_stand_ins()
    _take_up(requests, replies, ground)


def _take_up(requests: Connection, replies: Connection, ground: Ground) -> None:
    # An example may start processes of its own, which multiprocessing refuses to the children of its own pools.
    multiprocessing.current_process()._config["daemon"] = False  # type: ignore[attr-defined]
    sys.argv = ["example.py"]
    caps.install()
    apps.install()
    _reply(replies, {"ready": True})
    keep(requests, replies, new_namespace(), ground.limits)


def _begin_openly(requests: Connection, replies: Connection, ground: Ground) -> None:
    """Carry out a document without walls, in a folder of its own."""
    import tempfile

    os.chdir(tempfile.mkdtemp(prefix="touchstone-course-"))
    _show_around(ground)
    _lay_out_checkpoints(ground)
    _take_up(requests, replies, ground)
    os._exit(0)


def _lay_out_checkpoints(ground: Ground) -> None:
    """Put the stand-ins of checkpoints that the document expects on its own disk where it looks for them."""
    from suite.stand_ins.catalogue import resolve
    from suite.stand_ins.checkpoints import folder

    for name in ground.local:
        entry = resolve(name, ground.hints.get(name)).entry
        place = Path("models") / name
        if entry is None or place.exists():
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(TouchstoneError, OSError):
            place.symlink_to(folder(entry, Path(ground.cache)))


def _show_around(ground: Ground) -> None:
    """Put what lies beside the document where its examples look for it."""
    for name, path in ground.shown.items():
        with contextlib.suppress(OSError):
            Path(name).symlink_to(path)


def _wait_for_stand_ins() -> None:
    import socket

    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", 80), 1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _watch(standing_in: int, limits: Limits) -> None:
    """Bury the dead, and kill what eats up the memory, until nothing but the stand-ins is left."""
    alive = True
    while alive:
        time.sleep(WATCH_SECONDS)
        with contextlib.suppress(ChildProcessError):
            while buried := os.waitpid(-1, os.WNOHANG)[0]:
                if buried == standing_in:
                    os._exit(1)  # without them the document would be judged by what is missing
        others = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
        others = [process for process in others if process not in (1, standing_in)]
        alive = bool(others)
        too_much = sum(map(_resident, others)) > limits.memory and sum(map(_own, others)) > limits.memory
        if len(others) > FLOOD or too_much:
            _stem(others)
    os._exit(0)


def _stem(processes: list[int]) -> None:
    """End the newest group of processes: that of the example at work."""
    groups = set()
    for process in processes:
        with contextlib.suppress(OSError):
            os.kill(process, signal.SIGSTOP)
            groups.add(os.getpgid(process))
    _kill_group(max(groups, default=0))
    for process in processes:
        with contextlib.suppress(OSError):
            os.kill(process, signal.SIGCONT)


def _resident(process: int) -> int:
    """Bytes of memory that are no file's, shared ones in full."""
    return _bytes(process, "status", ("RssAnon:", "RssShmem:"))


def _own(process: int) -> int:
    """Bytes of memory that are no file's, shared ones in part; this takes the kernel long to say."""
    return _bytes(process, "smaps_rollup", ("Pss_Anon:", "Pss_Shmem:"))


def _bytes(process: int, file: str, fields: tuple[str, ...]) -> int:
    try:
        text = Path(f"/proc/{process}/{file}").read_text()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith(fields))


def keep(requests: Connection, replies: Connection, namespace: dict[str, Any], limits: Limits) -> None:
    """Carry out one requested example after the other, each in a child where that is safe. Returns at the end."""
    parent: int | None = None
    while True:
        try:
            index, example = requests.recv()
        except (EOFError, OSError):
            return
        if len([*Path("/proc/self/task").iterdir()]) > 1 and parent is not None:
            _tell(parent, b"s")
            _carry_out(index, example, namespace, replies)
            _tell(parent, b"d")
            continue
        reading, writing = os.pipe()
        child = _fork_patiently()
        if child == 0:
            os.close(reading)
            os.setpgid(0, 0)
            if parent is not None:
                _tell(parent, b"k")
                os.close(parent)
            parent = writing
            _carry_out(index, example, namespace, replies)
            _tell(parent, b"d")
            continue
        os.close(writing)
        end = _supervise(child, reading, limits.seconds)
        os.close(reading)
        if end == "finished":
            return
        if end == "kept":
            os._exit(0)
        _reply(replies, {"index": index} | asdict(Performance(died=end)))


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


def _reply(replies: Connection, told: dict[str, Any]) -> None:
    """Answer in a line of JSON: whoever reads it is outside, and what an example forges must stay mere data."""
    left = json.dumps(told).encode() + b"\n"
    while left:
        left = left[os.write(replies.fileno(), left) :]


def _tell(pipe: int, what: bytes) -> None:
    with contextlib.suppress(OSError):
        os.write(pipe, what)


def _carry_out(index: int, example: Example, namespace: dict[str, Any], replies: Connection) -> None:
    process = os.getpid()
    before = {path: path.stat().st_size if path.exists() else 0 for path in (Path(NOTES), caps.NOTES)}
    found = perform(example, namespace)
    if os.getpid() != process:  # the example forked, and this is not the one that was asked
        os._exit(0)
    found.notes = [note for path, start in before.items() for note in _notes_since(path, start)]
    _reply(replies, {"index": index} | asdict(found))


def _notes_since(path: Path, start: int) -> list[dict[str, Any]]:
    try:
        with path.open("rb") as file:
            file.seek(start)
            return [json.loads(line) for line in file.read().splitlines()]
    except (OSError, ValueError):
        return []


def _supervise(child: int, pipe: int, seconds: float) -> str:
    """Wait for a child: "finished", "kept" (a child of its own keeps the names now), or how it died at work."""
    handle = os.pidfd_open(child)
    deadline: float | None = time.monotonic() + seconds
    try:
        while True:
            left = None if deadline is None else max(deadline - time.monotonic(), 0)
            ready, _, _ = select.select([pipe, handle], [], [], left)
            if pipe in ready and (told := os.read(pipe, 1)):
                if told == b"k":
                    return "kept"
                deadline = time.monotonic() + seconds if told == b"s" else None
                continue
            if handle in ready:
                code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
                if deadline is None and code == 0:
                    return "finished"
                _kill_group(child)
                return signal.Signals(-code).name if code < 0 else f"exit code {code}"
            if not ready:
                os.kill(child, signal.SIGKILL)
                _kill_group(child)
                os.waitpid(child, 0)
                return "timeout"
    finally:
        os.close(handle)


def _kill_group(leader: int) -> None:
    """Kill what a process has started, again and again: some of it may be starting more."""
    for _ in range(100 if leader > 0 else 0):
        try:
            os.killpg(leader, signal.SIGKILL)
        except OSError:
            return
        time.sleep(0.01)


def _print_to(log: str) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(target, 1)
    os.dup2(target, 2)
    os.close(target)
    sys.stdin = open(os.devnull)  # noqa: SIM115, PTH123 - for the process's life
