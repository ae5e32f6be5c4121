"""Runs pytest with the plugin, and passes on what ends it."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager


def run_pytest(
    *arguments: str, environment: Mapping[str, str] | None = None, python_options: Sequence[str] = ()
) -> int:
    """Run pytest in a process of its own, and return its exit code.

    `environment` is that of the process (default: this one's), `python_options` the interpreter's own.

    Interrupted, it ends in good order, which takes a while: Ctrl-C reaches it too, and this process waits; SIGTERM is
    passed on.
    """
    words = [sys.executable, *python_options, "-m", "pytest", "-p", "suite.plugin", *arguments]
    processes: list[subprocess.Popen[bytes]] = []

    def pass_on(number: int, _: object) -> None:
        for process in processes:
            process.send_signal(number)

    with _handling(signal.SIGINT, lambda *_: None), _handling(signal.SIGTERM, pass_on):
        processes.append(subprocess.Popen(words, env=environment))
        return processes[0].wait()


@contextmanager
def _handling(number: signal.Signals, handler: object) -> Iterator[None]:
    """Let a function handle a signal, unless the process was started to ignore it. A child does not inherit that."""
    before = signal.getsignal(number)
    if before is signal.SIG_IGN:
        yield
        return
    signal.signal(number, handler)  # type: ignore[arg-type]
    try:
        yield
    finally:
        signal.signal(number, before)
