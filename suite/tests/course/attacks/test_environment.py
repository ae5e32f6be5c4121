"""Attack: read the secrets of the parent's environment, which a forkserver that starts again used to inherit."""

from __future__ import annotations

import os
import signal
import time
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from suite.processes.forkserver import Forkserver, unimportable_main

SECRET = "hush-hush"
TOO_LONG = [f"missing.{'x' * 1000}{number}:" for number in range(250)]
"""More than an environment variable may hold."""


def send_environments(pipe: Connection) -> None:
    """Runs in a child of the forkserver: its own environment, and that of the forkserver."""
    texts = [Path(f"/proc/{process}/environ").read_bytes() for process in (os.getpid(), os.getppid())]
    pipe.send((os.getppid(), repr(dict(os.environ)) + repr(texts)))


def environments(forkserver: Forkserver) -> tuple[int, str]:
    """The forkserver's number and all that a child finds."""
    reading, writing = forkserver.context.Pipe(duplex=False)
    process = forkserver.context.Process(target=send_environments, args=(writing,))
    with unimportable_main():
        process.start()
    answer = reading.recv()
    process.join()
    return answer


@pytest.mark.parametrize("names", [[], TOO_LONG], ids=["short", "too long"])
def test_a_forkserver_that_is_started_again_knows_no_secret(
    names: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_SECRET_TOKEN", SECRET)
    forkserver = Forkserver(names, 1, tmp_path / "log.txt", {"PATH": os.environ["PATH"], "TOUCHSTONE_TEST": "kept"})
    if not forkserver.preloads:
        pytest.skip("this system has no fork")
    first, before = environments(forkserver)
    os.kill(first, signal.SIGKILL)
    time.sleep(0.2)
    second, after = environments(forkserver)
    assert first != second
    for text in (before, after):
        assert SECRET not in text
        assert "kept" in text


def test_the_environment_of_this_process_is_not_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_SECRET_TOKEN", SECRET)
    before = dict(os.environ)
    Forkserver(["json:"], 1, tmp_path / "log.txt", {"PATH": os.environ["PATH"]})
    assert dict(os.environ) == before
