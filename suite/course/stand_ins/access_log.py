"""What examples asked of the stand-ins, told to whoever judges them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

Kind = Literal["host", "checkpoint", "data set", "service", "secret", "capped"]


@dataclass(frozen=True)
class Note:
    """One thing that was asked for, and what became of it.

    `kind` "host": a name that was looked up or connected to, with `outcome` "answered" or "refused". "checkpoint" and
    "data set": an id, with `outcome` "known", "renamed" (a legacy name), "guessed" (unknown; stood in for by its task),
    "misspelt" or "unknown", and the right id as `details["meant"]` where there is one. "service": a route of a model
    service. "secret": something that only an account may do (push to the Hub). "capped": work made smaller, `subject`
    says which and `outcome` from what to what.
    """

    kind: Kind
    subject: str
    outcome: str = ""
    details: dict[str, Any] = field(default_factory=dict)


class Journal(Protocol):
    """Where notes go; every stand-in is given one."""

    def note(self, note: Note) -> None:
        """Take down a note. Never raises."""
