"""The processes that execute one document behind its walls, and what they are started with.

The first process of the namespaces watches over memory. Beside it live the stand-ins and those that
execute the examples. Outside the namespaces, but within the outer wall, one process copies what they print, and ends
them all when the one who asked for them is gone.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

from suite.core.errors import TouchstoneError
from suite.course.sandbox import app_servers, document_log, namespaces, syscalls, watcher, workload_limits
from suite.course.sandbox.execute import new_namespace
from suite.course.sandbox.fork_chain import keep, reply
from suite.course.sandbox.namespaces import Limits

MODEST = 10
"""How much less urgent an example is than those who watch over it."""
START_SECONDS = 60.0


@dataclass(frozen=True)
class SandboxSpec:
    """What a document's processes are started with.

    `authority` signs for the stand-ins. `readable` are paths beside the interpreter's that are seen; `cache` is where
    stand-ins are found, and made by these alone. `siblings` are files and folders beside the document, by the name
    under which it finds them. `hints` say for which task or class the document's code names a checkpoint; `local` are
    checkpoints that it expects below ./models. Without walls a document works in the folder `unsafe_folder`.
    """

    limits: Limits
    cache: str
    authority: bytes
    readable: tuple[str, ...] = ()
    siblings: dict[str, str] = field(default_factory=dict)
    hints: dict[str, str] = field(default_factory=dict)
    local: tuple[str, ...] = ()
    core: int | None = None
    unsafe_folder: str | None = None

    @property
    def notes(self) -> tuple[Path, Path]:
        """The files of notes: of the stand-ins, and of the workload limits."""
        folder = Path(self.unsafe_folder or "/tmp")
        return folder / ".notes.jsonl", folder / ".capped.jsonl"


def main(requesting: int, replying: int, life: int) -> None:
    """Run in a copy of the zygote: build the walls, then answer requests until the pipe or `life` closes.

    The descriptors are a pipe for requests, the first of which is a `SandboxSpec`, one for replies, and a socket.
    """
    syscalls.die_with_parent(signal.SIGKILL)
    requests, replies = Connection(requesting, writable=False), Connection(replying, readable=False)
    close_except({0, 1, 2, requesting, replying, life})
    try:
        spec: SandboxSpec = requests.recv()
    except EOFError:
        return
    if spec.core is not None:
        os.sched_setaffinity(0, {spec.core})
    try:
        if spec.unsafe_folder is None:
            namespaces.enter()
        output, writing = os.pipe()
        child = os.fork()
    except OSError as error:
        reply(replies, {"refused": str(error)})
        os._exit(1)
    if child == 0:
        try:
            syscalls.die_with_parent(signal.SIGKILL)
            document_log.print_to(writing)
            os.close(output)
            os.close(life)
            if spec.unsafe_folder is None:
                _supervise(requests, replies, spec)
            _run_unsafe(requests, replies, spec)
        except BaseException:
            traceback.print_exc()
            with contextlib.suppress(OSError):
                reply(replies, {"refused": traceback.format_exc(limit=-3)})
        os._exit(1)
    requests.close()
    replies.close()
    os.close(writing)
    document_log.copy(output, child, life)
    os.kill(child, signal.SIGKILL)  # and with it all of its namespace


def close_except(used: set[int]) -> None:
    """Close what was inherited for others. Each becomes the null device that is seen now, since whoever opened it may
    still believe that it is there.
    """
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in {int(path.name) for path in Path("/proc/self/fd").iterdir()} - used - {nothing}:
        with contextlib.suppress(OSError):
            os.fstat(descriptor)
            os.dup2(nothing, descriptor)
    os.close(nothing)


def _supervise(requests: Connection, replies: Connection, spec: SandboxSpec) -> None:
    """The first process of the namespaces: with its end everything in them ends."""
    namespaces.build_root(
        [*namespaces.interpreter_files(), *spec.readable, *spec.siblings.values(), namespaces.kept(spec.cache)],
        [spec.cache],
        spec.limits,
    )
    os.environ["PWD"] = namespaces.WORK  # bubblewrap has set it to where it was started
    # Whatever was opened under the old root, the null devices among it, is left behind with that root.
    close_except({1, 2, requests.fileno(), replies.fileno()})
    stand_ins = _fork(lambda: _serve_stand_ins(spec))
    _link_siblings(spec)
    _fork(lambda: _run_isolated(requests, replies, spec))
    requests.close()
    replies.close()
    watcher.watch(stand_ins, spec.limits)


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


def _serve_stand_ins(spec: SandboxSpec) -> None:
    from suite.course.stand_ins import network

    syscalls.forbid_inspection()
    sockets = network.open_sockets()
    namespaces.confine(spec.limits, [spec.cache])
    network.serve(sockets, spec.authority, spec.hints, Path(spec.cache), spec.notes[0])


def _run_isolated(requests: Connection, replies: Connection, spec: SandboxSpec) -> None:
    os.nice(MODEST)
    os.environ.pop("MPLCONFIGDIR", None)
    _link_local_checkpoints(spec)
    namespaces.hide_changes_of([spec.cache])
    namespaces.become_nobody()
    namespaces.confine(spec.limits)
    _wait_for_stand_ins()
    _answer_requests(requests, replies, spec)


def _answer_requests(requests: Connection, replies: Connection, spec: SandboxSpec) -> None:
    # An example may start processes of its own, which multiprocessing refuses to the children of its own pools.
    settings = multiprocessing.current_process()._config  # type: ignore[attr-defined]
    settings["daemon"] = False
    settings.pop("tempdir", None)  # the parent's, which is not seen here
    multiprocessing.set_start_method(None, force=True)  # nor is the parent's way to start processes the reader's
    sys.argv = ["example.py"]
    workload_limits.install(spec.notes[1])
    app_servers.install()
    reply(replies, {"ready": True})
    keep(requests, replies, new_namespace(), spec.limits.seconds, spec.notes)


def _run_unsafe(requests: Connection, replies: Connection, spec: SandboxSpec) -> None:
    """Execute a document without walls, in a folder of its own."""
    import tempfile

    os.chdir(tempfile.mkdtemp(dir=spec.unsafe_folder))
    _link_siblings(spec)
    _link_local_checkpoints(spec)
    _answer_requests(requests, replies, spec)
    os._exit(0)


def _link_local_checkpoints(spec: SandboxSpec) -> None:
    """Link the stand-ins of checkpoints that the document expects on its own disk to where it looks for them."""
    from suite.course.stand_ins.catalogue import resolve
    from suite.course.stand_ins.checkpoints.files import folder

    for name in spec.local:
        entry = resolve(name, spec.hints.get(name)).entry
        place = Path("models") / name
        if entry is None or place.exists():
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(TouchstoneError, OSError):
            place.symlink_to(folder(entry, Path(spec.cache)))


def _link_siblings(spec: SandboxSpec) -> None:
    """Link what lies beside the document to where its examples look for it."""
    for name, path in spec.siblings.items():
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
