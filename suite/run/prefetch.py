"""Opens what is slow to open while other cells are at work: those of the checkpoint in turn, then of the next."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, wait
from typing import Generic, TypeVar

from suite.run.plan import Planned

Opened = TypeVar("Opened")


class Prefetcher(Generic[Opened]):
    """One at a time, in the order of the run. `open_` opens a cell, `let_go` ends what was opened for nothing."""

    def __init__(self, open_: Callable[[Planned], Opened], let_go: Callable[[Opened], None]) -> None:
        self._open, self._let_go = open_, let_go
        self._expected: dict[str, dict[str, Planned]] = {}
        self._begun: set[str] = set()
        self._opening: dict[str, Future[Opened]] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="open")

    def expect(self, groups: Mapping[str, Sequence[Planned]]) -> None:
        """Say which cells of each checkpoint group will be asked for, in their order; of some there are none."""
        self._expected = {group: {entry.cell.id: entry for entry in entries} for group, entries in groups.items()}
        self._begun = set()

    def turn_to(self, group: str) -> None:
        """Begin with the cells of a checkpoint group and of the one after it; let go of those of any other."""
        order = list(self._expected)
        later = order[order.index(group) + 1 :] if group in order else []
        near = [one for one in (group, next(filter(self._expected.get, later), "")) if one in self._expected]
        for name in [name for name in self._opening if not any(name in self._expected[one] for one in near)]:
            self._abandon(self._opening.pop(name))
        for one in near:
            if one not in self._begun:
                self._begun.add(one)
                self._opening |= {name: self._thread.submit(self._open, e) for name, e in self._expected[one].items()}

    def take(self, name: str) -> Opened | None:
        """The cell, as soon as it is open; `None` for one that was not opened ahead. Raises what opening it raised."""
        opening = self._opening.pop(name, None)
        if opening is None:
            return None
        with contextlib.suppress(CancelledError):
            return opening.result()
        return None

    @property
    def busy(self) -> bool:
        """Whether something is being opened at this moment."""
        return any(not opening.done() for opening in self._opening.values())

    def settle(self) -> None:
        """Block until nothing is being opened, since it would disturb what is timed."""
        wait(self._opening.values())

    def close(self) -> None:
        """Let go of everything."""
        self.turn_to("")
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _abandon(self, opening: Future[Opened]) -> None:
        opening.cancel()
        opening.add_done_callback(self._done_for_nothing)

    def _done_for_nothing(self, opening: Future[Opened]) -> None:
        if not opening.cancelled() and opening.exception() is None:
            self._let_go(opening.result())
