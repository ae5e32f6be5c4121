"""What happened when an example ran: what it printed, raised, warned of and asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class ExampleResult:
    """What came of an example.

    `error` names the class of the exception and its bases, most special first; `line` is that of the document; `frames`
    are the modules that it passed, outermost first. `shown` is what was printed, `values` what a notebook would show.
    `died` says how the process ended, if it did: a signal's name, or "timeout".
    """

    error: tuple[str, ...] = ()
    message: str = ""
    line: int = 0
    frames: tuple[str, ...] = ()
    attributes: dict[str, str] = field(default_factory=dict)
    shown: str = ""
    values: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    notes: list[dict[str, Any]] = field(default_factory=list)
    died: str = ""
    wall_s: float = 0.0
