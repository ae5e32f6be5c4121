"""The verdicts on an example, and a judgement: a verdict with its sentence and, where there is one, the fix."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """The verdicts, best first."""

    WORKS = "works"
    WARNS = "works-with-warning"
    FRAGMENT = "fragment"
    SECRET = "needs-secret"
    GPU = "needs-gpu"
    PACKAGE = "needs-package"
    CHANGED = "changed-default"
    DRIFT = "output-drift"
    UNKNOWN = "unknown-checkpoint"
    REMOVED = "removed-api"
    TIMEOUT = "timeout"
    BROKEN = "broken"


PASSING = (Verdict.WORKS, Verdict.WARNS)
SKIPPING = (Verdict.FRAGMENT, Verdict.SECRET, Verdict.GPU, Verdict.PACKAGE)


@dataclass(frozen=True)
class Judgement:
    """A verdict with its sentence.

    `line` is the document's; `removed_name`, `removed_in` and `replacement` belong to what was removed or changed.
    `rule` is the id of the rule that explained a failure.
    """

    verdict: Verdict
    sentence: str
    line: int = 0
    removed_name: str = ""
    removed_in: str = ""
    replacement: str = ""
    rule: str = ""
