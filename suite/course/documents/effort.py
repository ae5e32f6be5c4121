"""A limit on the processor time that reading one document may take: what is searched may be made to be slow."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator
from contextvars import ContextVar


class TakesTooLong(Exception):  # noqa: N818 - a property of the document, not a defect
    """The time is used up."""


_end: ContextVar[float] = ContextVar("_end", default=math.inf)


@contextlib.contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Let `go_on` raise once this thread has computed for so many seconds; waiting for a core is not counted."""
    token = _end.set(time.thread_time() + seconds)
    try:
        yield
    finally:
        _end.reset(token)


def go_on() -> None:
    """Called before each step of a search.

    Raises:
        TakesTooLong: the time is used up.
    """
    if time.thread_time() > _end.get():
        raise TakesTooLong
