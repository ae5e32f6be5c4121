"""What a document's examples have made so far: which names there are, and why another is missing."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto

from suite.course.documents.model import Example
from suite.course.documents.names import assigned_names, bound_names, changed_names, read_names
from suite.course.verdicts.verdict import PASSING, Judgement, Verdict


class NameOrigin(Enum):
    """Where a name of a document comes from."""

    NOWHERE = auto()
    """No earlier example makes it."""
    LOST_PROCESS = auto()
    """An earlier example made it, in a process that has ended since."""
    FAILED_EXAMPLE = auto()
    """An earlier example that failed would make it."""


@dataclass(frozen=True)
class MissingName:
    """Why a name is not there. `clause` ends a sentence about the name."""

    origin: NameOrigin
    clause: str


@dataclass
class DocumentState:
    """What is known of a document when an example of it is judged: the names that earlier examples make, and how."""

    made: dict[str, tuple[Example, Judgement]] = field(default_factory=dict)
    variables: set[str] = field(default_factory=set)
    """Names that were assigned: a library that was imported is not spoilt by an example that failed."""

    def record(self, example: Example, judgement: Judgement) -> None:
        """Add the names of a judged example; of one that failed, what stands before the line was made all the same."""
        self.variables |= assigned_names(example.code)
        if judgement.verdict in PASSING:
            # What is made of something that an earlier example left half done may be as wrong as that.
            source = next((self.made[name] for name in read_names(example.code) if self._is_spoilt(name)), None)
            for name in bound_names(example.code):
                self.made[name] = source or (example, judgement)
            return
        line = judgement.line - example.line + 1 if judgement.line else 0
        changed = changed_names(example.code, line) & self.variables
        complete = bound_names(example.code, line) - changed if line else set()
        for name in bound_names(example.code) | changed:
            self.made[name] = (example, Judgement(Verdict.WORKS, "") if name in complete else judgement)

    def _is_spoilt(self, name: str) -> bool:
        return name in self.variables and self.missing(name).origin is NameOrigin.FAILED_EXAMPLE

    def missing(self, name: str) -> MissingName:
        """Why a name is not there."""
        if name not in self.made:
            return MissingName(NameOrigin.NOWHERE, "which no earlier example makes")
        example, judgement = self.made[name]
        if judgement.verdict in PASSING:
            clause = f"which was lost with an earlier example's process (it is made at {example.place})"
            return MissingName(NameOrigin.LOST_PROCESS, clause)
        clause = f"which the example at {example.place} would make ({judgement.verdict})"
        return MissingName(NameOrigin.FAILED_EXAMPLE, clause)
