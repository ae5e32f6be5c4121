"""The environment is read while another thread changes it, as pytest does: it names the test at work in a variable."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from suite.core.environment import variables
from suite.core.privacy import environment_secrets, scrub

NAME = "TOUCHSTONE_TEST_THAT_COMES_AND_GOES"


@pytest.fixture
def restless() -> Iterator[None]:
    """A thread that sets and deletes a variable all the time."""
    over, interval = threading.Event(), sys.getswitchinterval()

    def change() -> None:
        while not over.is_set():
            os.environ[NAME] = "here"
            del os.environ[NAME]

    thread = threading.Thread(target=change)
    sys.setswitchinterval(1e-6)
    thread.start()
    yield
    over.set()
    thread.join()
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("restless")
@pytest.mark.parametrize("read", [variables, environment_secrets, lambda: scrub("a text")])
def test_a_variable_may_be_gone_before_it_is_looked_at(read: Callable[[], object]) -> None:
    for _ in range(300):
        read()


def test_all_variables_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "a value")
    assert variables() == dict(os.environ)
