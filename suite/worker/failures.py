"""What an exception means to a run: a kind, and a sentence; the traceback of anything unforeseen goes to a log."""

from __future__ import annotations

import sys
import traceback
from typing import TextIO

from suite.core.errors import NotFinite, OtherShape, TouchstoneError, Unsupported
from suite.core.privacy import scrub
from suite.worker.messages import Reply

LONGEST_TEXT = 400
_OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "cannot allocate memory", "bad_alloc", "failed to allocate")


def failure(error: BaseException, log: TextIO | None = None) -> Reply:
    """What went wrong, as a kind and a sentence; a traceback goes to `log`, or to standard error."""
    if isinstance(error, Unsupported):
        return Reply("unsupported", scrub(str(error)))
    if isinstance(error, NotFinite | OtherShape):
        return Reply("failed", scrub(str(error)))
    if isinstance(error, TouchstoneError):
        return Reply("error", scrub(str(error)))
    print(scrub("".join(traceback.format_exception(error))), file=log or sys.stderr, flush=True)
    text = scrub(" ".join(_text(error).split()))[:LONGEST_TEXT]
    if is_out_of_memory(error):
        return Reply("oom", f"memory ran out ({type(error).__name__}): use a smaller checkpoint or --batch-size")
    said = f": {text}" if text else ""
    return Reply("error", f"{type(error).__name__}{said} (the traceback is in the run's log)")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that there was not enough memory, in the words of Python's and of the libraries."""
    return isinstance(error, MemoryError) or any(phrase in _text(error).lower() for phrase in _OUT_OF_MEMORY)


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as its_own:  # the exceptions of libraries are code too
        return f"its text cannot be had ({type(its_own).__name__})"
