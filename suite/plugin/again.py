"""What was too noisy is measured once more at the end of the session, when nothing else is at work.

The reports of such an item wait until then: whatever counts outcomes sees the last one alone. Of a session that ends
before, and where too much time would go, the first outcome stands.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from itertools import groupby

import pytest
from _pytest.runner import runtestprotocol

from suite.core.cell import Cell
from suite.executors.quiet import wait_until_the_machine_is_quiet
from suite.run.run import Run

TOO_NOISY = pytest.StashKey[Cell]()
"""On an item: the cell whose latency was too noisy at its last turn."""
SHARE = 0.1
"""No further checkpoint is measured again once that took this share of the time that the items had taken before."""
ALLOWED = 60.0
"""Seconds that it may take in any case: a short run would have none."""


class MeasuredAgain:
    """A plugin of a session. `tell` shows a line."""

    def __init__(self, run: Run, tell: Callable[[str], None]) -> None:
        self._run, self._tell = run, tell
        self._held: dict[pytest.Item, list[pytest.TestReport]] = {}
        self._is_first_turn = True

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """After the items, those again that were too noisy; whatever ends the session, each has its reports."""
        started = time.monotonic()
        try:
            done = yield
            self._is_first_turn = False
            if self._held:
                self._measure(session, max(ALLOWED, SHARE * (time.monotonic() - started)))
        finally:
            while self._held:
                self._report(next(iter(self._held)))
        return done

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
        """Run an item whose time is measured, and hold its reports back if that was too noisy for the first time."""
        if "latency" not in getattr(item, "fixturenames", ()):
            return None
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        reports = runtestprotocol(item, log=False, nextitem=nextitem)
        self._held[item] = reports
        if not self.holds(item):
            self._report(item)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    def holds(self, item: pytest.Item) -> bool:
        """Whether an item is to have another turn."""
        return self._is_first_turn and TOO_NOISY in item.stash

    def _report(self, item: pytest.Item) -> None:
        for report in self._held.pop(item):
            item.ihook.pytest_runtest_logreport(report=report)

    def _measure(self, session: pytest.Session, most: float) -> None:
        items = list(self._held)
        started = time.monotonic()
        self._tell(f"too noisy to be used, and now measured again: {_latencies(len(items))}")
        self._run.let_go()
        for _, group in groupby(items, key=lambda item: item.stash[TOO_NOISY].group):
            if time.monotonic() - started > most:
                self._tell(f"after more than {most:.0f} s: {_latencies(len(self._held))} left as measured before")
                break
            wait_until_the_machine_is_quiet()
            for item in group:
                following = next((other for other in self._held if other is not item), None)
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
                if session.shouldfail:
                    raise session.Failed(session.shouldfail)
                if session.shouldstop:
                    raise session.Interrupted(session.shouldstop)


def _latencies(count: int) -> str:
    return f"{count} {'latency' if count == 1 else 'latencies'}"
