"""The judge: from the result of an example's run, and the findings in its code, to its verdict."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import replace

from suite.course.documents.expected_output import shows_error
from suite.course.documents.model import Example
from suite.course.documents.python_source import parse, tree_if_any
from suite.course.documents.result import ExampleResult
from suite.course.lint.api_usage import Finding
from suite.course.verdicts.document_state import DocumentState
from suite.course.verdicts.failure import Failure, one_line
from suite.course.verdicts.failure_rules import explain
from suite.course.verdicts.output_drift import drift
from suite.course.verdicts.verdict import Judgement, Verdict

QUOTED = re.compile(r"`[\w.]*?(\w+)(?:\(\))?\W?`|`(\w+)=")
EXPECTED_ERROR = re.compile(r"^(?:[a-z_]\w*\.)*([A-Z]\w*(?:Error|Exception))\b", re.MULTILINE)
DEPRECATED = ("deprecat", "will be removed", "is no longer supported")
LONGEST_SENTENCE = 1_000
"""Characters."""
LONGEST_WARNING = 500
"""Characters of a warning that are looked at."""


def runs_nothing(code: str) -> bool:
    """Whether nothing is left of an example without its shell lines and comments."""
    tree = tree_if_any(code)
    return tree is not None and all(isinstance(node, ast.Pass) for node in tree.body)


def judge_unrun(findings: Sequence[Finding], sentence: str) -> Judgement:
    """Of an example that is only looked at: a call in a sentence, or when nothing may be run."""
    worst = max(findings, key=lambda finding: list(Verdict).index(Verdict(finding.verdict)), default=None)
    return _judgement(worst) if worst else Judgement(Verdict.WORKS, sentence)


def judge(example: Example, result: ExampleResult, findings: Sequence[Finding], state: DocumentState) -> Judgement:
    """The verdict on an example that was executed; its sentence is one line."""
    judgement = _judge(example, result, findings, state)
    return replace(judgement, sentence=one_line(judgement.sentence, LONGEST_SENTENCE))


def _judge(example: Example, result: ExampleResult, findings: Sequence[Finding], state: DocumentState) -> Judgement:
    removed = [finding for finding in findings if finding.verdict == Verdict.REMOVED]
    if result.error or result.termination:
        return _judge_failure(Failure(example, result, state), removed)
    # An address that is gone may still be answered: with the words that it is gone.
    unreached = [finding for finding in removed if "://" in finding.removed_name or _in_a_definition(example, finding)]
    if unreached:
        return _judgement(unreached[0])
    for finding in findings:
        if finding.verdict == Verdict.CHANGED:
            return _judgement(finding)
    for note in result.notes:
        if note.kind == "checkpoint" and note.outcome == "misspelt":
            sentence = f"there is no checkpoint {note.subject}: write {note.details.get('meant')}"
            return Judgement(Verdict.UNKNOWN, sentence)
    if difference := drift(example.expected, [*result.values, *result.output.splitlines(), result.output]):
        # What is gone may have been passed over in silence.
        return _judgement(removed[0]) if removed else Judgement(Verdict.DRIFT, difference)
    deprecations = [text for text in result.warnings if _deprecates(text, example.code)]
    if deprecations:
        return Judgement(Verdict.WARNS, " ".join(deprecations[0].split())[:300])
    return Judgement(Verdict.WORKS, f"it ran ({result.capped})" if result.capped else "it ran")


def _judge_failure(failure: Failure, removed: Sequence[Finding]) -> Judgement:
    """The verdict on an example with an error: one that its document shows, one of what was removed, or another."""
    example, result = failure.example, failure.result
    if result.error and shows_error(example.expected, failure.error_name):
        return Judgement(Verdict.WORKS, "it raises the error that the document shows")
    if removed and not result.termination:
        return _judgement(min(removed, key=lambda finding: abs(finding.line - (result.line or finding.line))))
    judgement, expected_error = explain(failure), EXPECTED_ERROR.search(example.expected)
    if judgement.verdict is Verdict.BROKEN and result.error and expected_error:
        sentence = f"it raises {failure.error_name}, and the document shows {expected_error[1]}"
        return Judgement(Verdict.DRIFT, sentence, result.line)
    return judgement


def _judgement(finding: Finding) -> Judgement:
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
    text = text[:LONGEST_WARNING]
    quoted = ["".join(names) for names in QUOTED.findall(text)]
    about = not quoted or any(name in code for name in quoted)
    return about and any(word in text.lower() for word in DEPRECATED)


def _in_a_definition(example: Example, finding: Finding) -> bool:
    """Whether a finding stands where running the example need not have reached it."""
    line = finding.line - example.line + 1
    try:
        tree = parse(example.code)
    except SyntaxError:
        return False
    return any(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.lineno < line <= (node.end_lineno or 0)
        for node in ast.walk(tree)
    )
