"""The access log of the stand-ins: a note for each thing that an example asked for, read by whoever judges it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, get_args

Kind = Literal["host", "checkpoint", "data set", "service", "secret", "capped", "endpoint"]


@dataclass(frozen=True)
class Note:
    """One thing that was asked for, and its outcome.

    `kind` "host": a name that was looked up or connected to, with `outcome` "answered" or "refused". "checkpoint" and
    "data set": an id, with `outcome` "known", "renamed" (a legacy name), "guessed" (unknown; stood in for by its task),
    "misspelt" or "unknown", and the right id as `details["meant"]` where there is one. "service": a route of a model
    service. "secret": something that only an account may do (push to the Hub). "capped": work made smaller, `subject`
    says which and `outcome` from what to what. "endpoint": a path of the Hub's API that its stand-in lacks, with
    `outcome` "refused". Of a host or an endpoint that was refused, `details["reply"]` is the text of the answer.
    """

    kind: Kind
    subject: str
    outcome: str = ""
    details: dict[str, Any] = field(default_factory=dict)


def read_note(data: Any) -> Note | None:
    """A note out of JSON, or `None` where it is none: an example can write to the log, and what it forges is data."""
    match data:
        case {"kind": kind, "subject": str(subject), "outcome": str(outcome), "details": dict(details)}:
            return Note(kind, subject, outcome, details) if kind in get_args(Kind) else None
    return None


class Journal(Protocol):
    """Where notes go; every stand-in has one."""

    def note(self, note: Note) -> None:
        """Append a note. Never raises."""
