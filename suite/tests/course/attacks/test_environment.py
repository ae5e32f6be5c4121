"""Attack: read the secrets of the parent's environment, which a process that starts again used to inherit."""

from __future__ import annotations

import ast
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from suite.processes.zygote import Zygote
from suite.tests.course.attacks import bare
from suite.tests.course.attacks.run_attacks import run_bare

SECRET = "hush-hush"
TOO_LONG = [f"missing.{'x' * 1000}{number}:" for number in range(250)]
"""More than an environment variable may hold."""
READ = """
import os, pathlib
texts = [pathlib.Path(f"/proc/{process}/environ").read_bytes() for process in (os.getpid(), os.getppid())]
answer = (os.getppid(), repr(dict(os.environ)) + repr(texts))
"""


@pytest.fixture(params=[[], TOO_LONG], ids=["short", "too long"])
def zygote(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Zygote]:
    """A zygote with one variable, started where there is a secret."""
    monkeypatch.setenv("TEST_SECRET_TOKEN", SECRET)
    variables = {"PATH": os.environ["PATH"], "TOUCHSTONE_TEST": "kept"}
    zygote = Zygote(bare.PROGRAM, request.param, variables, tmp_path / "log.txt")
    yield zygote
    zygote.close()


def test_a_zygote_that_is_started_again_knows_no_secret(zygote: Zygote) -> None:
    own = dict(os.environ)
    first, before = ast.literal_eval(run_bare(zygote, READ))
    os.kill(first, signal.SIGKILL)
    time.sleep(0.5)  # what is asked of one that is dying is lost
    second, after = ast.literal_eval(run_bare(zygote, READ))
    assert first != second
    for text in (before, after):
        assert SECRET not in text
        assert "kept" in text
    assert dict(os.environ) == own
