"""The errors whose sentences reach a user. Each names what was wrong and the way out."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from suite.core.printable import shortened

LONGEST_SENTENCE = 5000
"""Characters of an error that are shown."""


class TouchstoneError(Exception):
    """Base of every error that is a sentence for the user rather than a defect of the suite."""


class UsageError(TouchstoneError):
    """The request itself cannot be carried out: a mistyped name, a folder that is not a checkpoint. Exit code 4."""


class Unwritable(UsageError):  # noqa: N818 - named for what it says
    """The record of the run takes no more rows: nothing that is measured from here on would be kept."""


class CheckpointError(TouchstoneError):
    """The weights are unusable: missing config, truncated or tampered safetensors, pickle only."""


class Unsupported(TouchstoneError):  # noqa: N818 - it is a status, not a failure
    """The cell cannot exist here. The message is the reason shown beside the status `unsupported`."""


class NotFinite(TouchstoneError):  # noqa: N818 - named for what it says
    """A model's outputs hold NaN or infinity: the message says which outputs, and what is asked of them has failed."""


class OtherShape(TouchstoneError):  # noqa: N818 - named for what it says
    """A backend's outputs are of another number or shape than the reference's: there is nothing to compare."""


class Misfit(CheckpointError, Unsupported):  # noqa: N818 - named for what it says
    """A sound checkpoint that a task can do nothing with: without what the task uses, or made for something else."""


class InvalidInput(TouchstoneError):  # noqa: N818 - named for what it says
    """A sample that a task refuses before it reaches the model: empty, over-long or of the wrong type."""


def unknown(kind: str, name: str, known: Iterable[str]) -> UsageError:
    """An error that says what `name` was meant to be, and what there is."""
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return UsageError(f"There is no {kind} {name!r}.{hint} Known: {', '.join(known)}.")


def known_name(kind: str, name: str, known: Iterable[str]) -> str:
    """`name` itself, if it is known.

    Raises:
        UsageError: with "did you mean".
    """
    known = list(known)
    if name not in known:
        raise unknown(kind, name, known)
    return name


def sentence(error: TouchstoneError) -> str:
    """An error as the user reads it: on one line, without control characters, of bounded length."""
    return shortened(" ".join(str(error).split()), LONGEST_SENTENCE)
