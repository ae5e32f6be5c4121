"""A zygote: copies that end when they are told to and with whoever asked for them, and a log of what they print."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from suite.core.files import project_root
from suite.processes import preload
from suite.processes import zygote as zygote_module
from suite.processes.zygote import Child, Zygote

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="a course is only run on Linux")


def say(writing: int, life: int) -> None:
    """A program for copies: tells its number and what is open, prints, and lives until it is told to end."""
    open_here = [path.resolve() for path in [*Path("/proc/self/fd").iterdir()] if path.is_symlink()]
    os.write(writing, json.dumps([os.getpid(), [path.name.partition(":")[0] for path in open_here]]).encode())
    print("printed by a copy", flush=True)
    os.read(life, 1)
    print("ended by a word", flush=True)


SAY = f"{__name__}:say"


@contextmanager
def light() -> Iterator[tuple[list[str], list[int]]]:
    """An enclosure that keeps out the libraries of workers, which take seconds, and dies as bubblewrap does."""
    code = (
        "import ctypes, runpy, sys\nctypes.CDLL(None).prctl(1, 9, 0, 0, 0)\n"
        f"sys.modules |= dict.fromkeys({[module.partition('.')[0] for module in preload.MODULES]})\n"
        "sys.argv = sys.argv[4:]\nrunpy.run_module(sys.argv[0], run_name='__main__', alter_sys=True)"
    )
    yield [sys.executable, "-c", code], []


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log."""
    return tmp_path / "log.txt"


@pytest.fixture
def zygote(log: Path) -> Iterator[Zygote]:
    """A zygote whose copies `say`."""
    zygote = Zygote(SAY, [], {"PATH": os.environ["PATH"]}, log, light)
    yield zygote
    zygote.close()


def ask(zygote: Zygote) -> tuple[Child, int, list[str]]:
    """A copy, its number, and what kinds of files it has open."""
    reading, writing = os.pipe()
    child = zygote.start([writing])
    os.close(writing)
    with open(reading, "rb") as pipe:  # noqa: PTH123 - of a descriptor
        process, kinds = json.loads(os.read(pipe.fileno(), 1 << 16))
    return child, process, kinds


def test_a_copy_ends_when_it_is_told_to(zygote: Zygote, log: Path) -> None:
    child, process, _ = ask(zygote)
    assert not child.join(0.1)
    assert psutil.pid_exists(process)
    child.end()
    assert child.join(10)
    psutil.wait_procs([psutil.Process(process)] if psutil.pid_exists(process) else [], timeout=10)
    assert not psutil.pid_exists(process)
    zygote.close()
    assert log.read_text().splitlines()[-2:] == ["printed by a copy", "ended by a word"]


def test_a_copy_has_what_it_is_given_and_no_more(zygote: Zygote) -> None:
    others = [ask(zygote)[0] for _ in range(2)]
    _, _, kinds = ask(zygote)
    assert sorted(kinds) == ["null", "pipe", "pipe", "pipe", "socket"]
    for other in others:
        other.end()


def test_a_zygote_that_dies_is_started_again(zygote: Zygote) -> None:
    child, process, _ = ask(zygote)
    parent = psutil.Process(process).parent()
    assert parent is not None
    parent.kill()
    time.sleep(0.5)  # what is asked of one that is dying is lost
    again, other, _ = ask(zygote)
    assert psutil.Process(other).ppid() != parent.pid
    assert not again.join(0)
    child.end()
    assert child.join(10)


def test_an_interrupt_at_the_terminal_is_for_the_run(zygote: Zygote) -> None:
    child, process, _ = ask(zygote)  # it lives as long as it is held here
    parent = psutil.Process(process).parent()
    assert parent is not None
    assert os.getsid(parent.pid) != os.getsid(0)
    child.end()


def test_a_copy_that_talks_has_not_ended() -> None:
    ours, theirs = socket.socketpair()
    theirs.send(b"x" * 100_000)
    child = Child(ours)
    assert not child.join(0)
    theirs.close()
    assert child.join(1)


def test_it_outlives_the_thread_that_asked_for_it(log: Path) -> None:
    """A wall is bound to the life of the thread that has built it."""
    made: list[Zygote] = []
    thread = threading.Thread(target=lambda: made.append(Zygote(SAY, [], {}, log, light)))
    thread.start()
    thread.join()
    child, process, _ = ask(made[0])
    time.sleep(0.3)
    assert psutil.pid_exists(process)
    assert not child.join(0)
    made[0].close()


def test_it_ends_with_a_run_that_is_killed(log: Path) -> None:
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom suite.tests.processes.test_zygote import *\n"
        f"zygote = Zygote(SAY, [], {{}}, Path({str(log)!r}), light)\n"
        "child, process, _ = ask(zygote)\nprint(process, flush=True)\ntime.sleep(60)"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, cwd=project_root(), stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        copy = psutil.Process(int(parent.stdout.readline()))
        zygote = copy.parent()
        assert zygote is not None
        parent.kill()
    assert psutil.wait_procs([copy, zygote], timeout=30)[1] == []


def test_a_copy_is_begun_after_the_imports_however_long_they_take(log: Path, tmp_path: Path) -> None:
    """The fault is planted: a library that takes longer to import than a zygote may take for a request."""
    begun = time.monotonic()
    (tmp_path / "site-packages").mkdir()
    (tmp_path / "site-packages" / "slow_library.py").write_text("import time\ntime.sleep(2)\n")
    sys.path.append(str(tmp_path / "site-packages"))
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(zygote_module, "PATIENCE", 0.5)
            zygote = Zygote(SAY, ["slow_library:"], {}, log, light)
            with open(os.devnull, "wb") as writing:  # noqa: PTH123
                child = zygote.start([writing.fileno()])
    finally:
        sys.path.pop()
    assert time.monotonic() - begun > 2
    assert not child.join(0)
    zygote.close()


def test_what_cannot_be_started_is_an_error(log: Path) -> None:
    @contextmanager
    def missing() -> Iterator[tuple[list[str], list[int]]]:
        yield ["/no/such/program"], []

    with pytest.raises(FileNotFoundError):
        Zygote(SAY, [], {}, log, missing)
