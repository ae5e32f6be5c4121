"""The child process: opens one cell and answers requests until the pipe closes."""

from __future__ import annotations

import ctypes
import gc
import multiprocessing.forkserver
import os
import signal
import sys
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from suite.processes import preload
from suite.processes.memory_limit import limit_memory
from suite.processes.stdio import print_to
from suite.worker.cell_worker import CellWorker
from suite.worker.failures import failure
from suite.worker.messages import TOLD, Reply, Request, Spec

_SET_PARENT_DEATH_SIGNAL = 1


def main(pipe: Connection, spec: Spec, log: Path, preloaded: bool) -> None:
    """Run in the child. Everything that libraries print goes to the log."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _die_with_parent()
    limit_memory(spec.device)
    print_to(log)
    preload.restore_paths()
    problem = preload.effect(preloaded)
    gc.freeze()  # what was preloaded stays: collecting before each round then costs milliseconds, not tenths
    pipe.send(Reply("ok", problem))
    serve(pipe, spec)
    # Neither torch's nor ONNX Runtime's threads need a farewell, and some hang in theirs.
    os._exit(0)


def serve(pipe: Connection, spec: Spec) -> None:
    """Answer requests until the other end is gone."""
    cell: CellWorker | None = None
    while True:
        try:
            request: Request = pipe.recv()
        except (EOFError, ConnectionResetError):
            return
        try:
            if cell is None:
                cell = CellWorker(spec)
                cell.tell = lambda text: pipe.send(Reply(TOLD, text))
            reply = Reply("ok", cell.answer(request))
            if request.method == "warm_up":
                gc.collect()
                gc.freeze()  # the model stays too: torch.compile leaves half a million objects to go through
        except BaseException as error:
            reply = failure(error)
        try:
            pipe.send(reply)
        except (BrokenPipeError, ConnectionResetError):
            return


def _die_with_parent() -> None:
    """End with the forkserver, which ends with the run, even in the middle of a long call (Linux).

    Every child is given the handle by which the forkserver knows that the run lives: a busy one would keep both alive.
    """
    server: Any = multiprocessing.forkserver._forkserver
    if server._forkserver_alive_fd is not None:
        os.close(server._forkserver_alive_fd)
        server._forkserver_alive_fd = None
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
