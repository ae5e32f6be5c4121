"""The access log of the stand-ins: a note for each thing that an example asked for, read by whoever judges it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, get_args

from suite.course.documents.plain_text import plain

LONGEST = 500
"""Characters of a text in a note."""
MOST_DETAILS = 12
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
    """A note out of JSON, or `None` where it is none: an example can write to the log, and what it forges is data.

    Texts are cut; a detail is a text, a whole number, a truth value or nothing.
    """
    match data:
        case {"kind": kind, "subject": str(subject), "outcome": str(outcome), "details": dict(details)}:
            known = len(details) <= MOST_DETAILS and all(map(_is_detail, details.values()))
            if kind in get_args(Kind) and known:
                facts = {plain(name, LONGEST): _plain_detail(value) for name, value in details.items()}
                return Note(kind, plain(subject, LONGEST), plain(outcome, LONGEST), facts)
    return None


def _is_detail(value: object) -> bool:
    return value is None or isinstance(value, str) or (isinstance(value, int) and value.bit_length() < 64)


def _plain_detail(value: Any) -> Any:
    return plain(value, LONGEST) if isinstance(value, str) else value


class Journal(Protocol):
    """Where notes go; every stand-in has one."""

    def note(self, note: Note) -> None:
        """Append a note. Never raises."""
