"""The program of a zygote: it imports, and then copies itself for every bundle of descriptors that it is sent."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

MOST_DESCRIPTORS = 8
"""In one request."""


def main(target: str, control: socket.socket, path: list[str]) -> None:
    """Import what is asked for, then serve requests until the other end of the socket is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # for who started all this
    # A session of its own may have a share of the processors of its own, for which the niceness of the run counts less.
    with contextlib.suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(os.nice(0)))
    from suite.processes import preload

    sys.path[:] = path
    preload.restore_paths()
    module, _, function = target.partition(":")
    _serve(control, getattr(importlib.import_module(module), function))
    os._exit(0)  # what libraries do at an ordinary end takes a second, and nobody needs it


def _serve(control: socket.socket, run: Callable[..., object]) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how a copy has ended
    with contextlib.suppress(OSError):
        control.send(b"!")
    while True:
        request, descriptors, _, _ = socket.recv_fds(control, 1, MOST_DESCRIPTORS)
        if not request:
            return
        try:
            child = os.fork()
        except OSError:  # the other end learns it as the descriptors are closed
            traceback.print_exc()
            child = -1
        if child == 0:
            _run(control, run, descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def _run(control: socket.socket, run: Callable[..., object], descriptors: list[int]) -> None:
    code = 1
    try:
        control.close()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for descriptor in descriptors:
            os.set_inheritable(descriptor, False)
        run(*descriptors)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main(sys.argv[1], socket.socket(fileno=int(sys.argv[2])), json.loads(sys.argv[3]))
