"""The result of an example's run: its output, its error, its warnings and what it asked the stand-ins for."""

from __future__ import annotations

from dataclasses import dataclass, field

from suite.course.stand_ins.access_log import Note

TIMEOUT = "timeout"
LOST = "all of its processes ended"
INVALID = "invalid reply"


@dataclass
class ExampleResult:
    """What an example printed, raised, warned of and asked for.

    `error` names the class of the exception and its bases, most special first; `line` is that of the document; `frames`
    are the modules that it passed, outermost first. `output` is what was printed, `values` what a notebook would show.
    `termination` says how the process ended, if it did: a signal's name, "exit code N", `TIMEOUT` or `LOST`; `INVALID`
    where what it sent is not a result. `wall_s` is in seconds, by the clock of whoever waited for the result.
    """

    error: tuple[str, ...] = ()
    message: str = ""
    line: int = 0
    frames: tuple[str, ...] = ()
    attributes: dict[str, str] = field(default_factory=dict)
    output: str = ""
    values: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    notes: list[Note] = field(default_factory=list)
    termination: str = ""
    wall_s: float = 0.0

    @property
    def capped(self) -> str:
        """The work that was made smaller, from what to what."""
        return "; ".join(
            dict.fromkeys(f"{note.subject} {note.outcome}" for note in self.notes if note.kind == "capped")
        )
