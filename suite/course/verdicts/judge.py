"""From what came of an example to its verdict."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from suite.course.documents.expected_output import shows_error
from suite.course.documents.model import Example
from suite.course.documents.names import assigned_names, bound_names, changed_names, read_names
from suite.course.documents.python_source import parse, python_source
from suite.course.documents.result import ExampleResult
from suite.course.lint.api_usage import Finding
from suite.course.verdicts.failure_rules import cause
from suite.course.verdicts.output_drift import drift
from suite.course.verdicts.verdict import PASSING, Judgement, Verdict

QUOTED = re.compile(r"`[\w.]*?(\w+)(?:\(\))?\W?`|`(\w+)=")
SHOWN_ERROR = re.compile(r"^(?:[a-z_]\w*\.)*([A-Z]\w*(?:Error|Exception))\b", re.MULTILINE)
DEPRECATED = ("deprecat", "will be removed", "is no longer supported", "will be removed in")


@dataclass
class DocumentState:
    """What is known of a document when an example of it is judged: which names earlier examples make, and their end."""

    made: dict[str, tuple[Example, Judgement]] = field(default_factory=dict)
    variables: set[str] = field(default_factory=set)
    """Names that were assigned: a library that was imported is not spoilt by an example that failed."""

    def tell(self, example: Example, judgement: Judgement) -> None:
        """Take in an example that is judged; of one that failed, what stands before the line was made all the same."""
        self.variables |= assigned_names(example.code)
        if judgement.verdict in PASSING:
            # What is made of something that an earlier example left half done may be as wrong as that.
            source = next((self.made[name] for name in read_names(example.code) if self._is_spoilt(name)), None)
            for name in bound_names(example.code):
                self.made[name] = source or (example, judgement)
            return
        line = judgement.line - example.line + 1 if judgement.line else 0
        changed = changed_names(example.code, line) & self.variables
        done = bound_names(example.code, line) - changed if line else set()
        for name in bound_names(example.code) | changed:
            self.made[name] = (example, Judgement(Verdict.WORKS, "") if name in done else judgement)

    def _is_spoilt(self, name: str) -> bool:
        return name in self.made and name in self.variables and self.made[name][1].verdict not in PASSING

    def missing(self, name: str) -> str:
        """Why a name is not there, as the end of a sentence."""
        if name not in self.made:
            return "which no earlier example makes"
        example, judgement = self.made[name]
        if judgement.verdict in PASSING:
            return f"which was lost with an earlier example's process (it is made at {example.place})"
        return f"which the example at {example.place} would make ({judgement.verdict})"


def runs_nothing(code: str) -> bool:
    """Whether nothing is left of an example without its shell lines and comments."""
    try:
        body = ast.parse(python_source(code)).body
    except (SyntaxError, ValueError, RecursionError):
        return False
    return all(isinstance(node, ast.Pass) for node in body)


def judge_unrun(findings: Sequence[Finding], sentence: str) -> Judgement:
    """Of an example that is only looked at: a call in a sentence, or when nothing may be run."""
    worst = max(findings, key=lambda finding: list(Verdict).index(Verdict(finding.verdict)), default=None)
    return _said(worst) if worst else Judgement(Verdict.WORKS, sentence)


def judge(example: Example, found: ExampleResult, findings: Sequence[Finding], state: DocumentState) -> Judgement:
    """The verdict on an example that was carried out."""
    removed = [finding for finding in findings if finding.verdict == Verdict.REMOVED]
    if found.error or found.died:
        if found.error and shows_error(example.expected, found.error[0].rpartition(".")[2]):
            return Judgement(Verdict.WORKS, "it raises the error that the document shows")
        if removed and not found.died:
            near = min(removed, key=lambda finding: abs(finding.line - (found.line or finding.line)))
            return _said(near)
        judgement, shown = cause(example, found, state.missing), SHOWN_ERROR.search(example.expected)
        if judgement.verdict is Verdict.BROKEN and found.error and shown:
            raised = found.error[0].rpartition(".")[2]
            return Judgement(Verdict.DRIFT, f"it raises {raised}, and the document shows {shown[1]}", found.line)
        return judgement
    # An address that is gone may still be answered: with the words that it is gone.
    unreached = [one for one in removed if "://" in one.removed_name or _in_a_definition(example, one)]
    if unreached:
        return _said(unreached[0])
    for finding in findings:
        if finding.verdict == Verdict.CHANGED:
            return _said(finding)
    for note in found.notes:
        if note["kind"] == "checkpoint" and note["outcome"] == "misspelt":
            return Judgement(
                Verdict.UNKNOWN, f"there is no checkpoint {note['subject']}: write {note['details'].get('meant')}"
            )
    if drifted := drift(example.expected, [*found.values, *found.shown.splitlines(), found.shown]):
        # What is gone may have been passed over in silence.
        return _said(removed[0]) if removed else Judgement(Verdict.DRIFT, drifted)
    deprecations = [text for text in found.warnings if _deprecates(text, example.code)]
    if deprecations:
        return Judgement(Verdict.WARNS, " ".join(deprecations[0].split())[:300])
    return Judgement(Verdict.WORKS, _capped(found))


def _said(finding: Finding) -> Judgement:
    return Judgement(
        Verdict(finding.verdict),
        finding.sentence,
        finding.line,
        finding.removed_name,
        finding.removed_in,
        finding.replacement,
    )


def _deprecates(text: str, code: str) -> bool:
    """Whether a warning is of a deprecation, and of something that the code itself uses where it quotes names."""
    quoted = ["".join(names) for names in QUOTED.findall(text)]
    about = not quoted or any(name in code for name in quoted)
    return about and any(word in text.lower() for word in DEPRECATED)


def _capped(found: ExampleResult) -> str:
    told = dict.fromkeys(f"{note['subject']} {note['outcome']}" for note in found.notes if note["kind"] == "capped")
    return f"it ran ({'; '.join(told)})" if told else "it ran"


def _in_a_definition(example: Example, finding: Finding) -> bool:
    """Whether what was found stands where running the example need not have reached it."""
    line = finding.line - example.line + 1
    try:
        tree = parse(example.code)
    except SyntaxError:
        return False
    return any(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.lineno < line <= (node.end_lineno or 0)
        for node in ast.walk(tree)
    )
