"""The tables of errors and of fragments: all rules together explain a row's example by that row."""

from __future__ import annotations

import string
import sys
from collections.abc import Iterator
from re import _constants, _parser  # type: ignore[attr-defined]
from typing import Any

import pytest

from suite.course.documents.model import Example
from suite.course.documents.result import ExampleResult
from suite.course.stand_ins.access_log import Note, read_note
from suite.course.verdicts.document_state import DocumentState
from suite.course.verdicts.error_patterns import ErrorPattern, error_patterns
from suite.course.verdicts.failure import LONGEST_MESSAGE, Failure
from suite.course.verdicts.failure_rules import CHAIN, UNEXPLAINED, explain
from suite.course.verdicts.fragment_patterns import FragmentPattern, fragment_patterns
from suite.course.verdicts.verdict import Judgement, Verdict

ERRORS = [row for rows in error_patterns().values() for row in rows]
FRAGMENTS = [row for rows in fragment_patterns().values() for row in rows]
PATTERNS = {
    f"{row.id}-{name}": pattern
    for row in ERRORS
    for name, pattern in (("message", row.message), ("code", row.code), ("termination", row.termination))
    if pattern
} | {row.id: row.pattern for row in FRAGMENTS}
REPEATS = (_constants.MAX_REPEAT, _constants.MIN_REPEAT)
MANY = 8
"""A quantifier that repeats more often than this counts as unbounded."""


def explained(code: str = "f()", **fields: Any) -> Judgement:
    """The judgement of all rules on an error with these fields, in a document that made nothing before."""
    return explain(Failure(Example("a.md", "3", 3, code), ExampleResult(**fields), DocumentState()))


def of_example(row: ErrorPattern) -> Judgement:
    """The judgement of all rules on a row's own example."""
    fields: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in row.example.items()
    }
    fields["notes"] = [read_note(note) for note in fields.get("notes", ())]
    assert None not in fields["notes"]
    return explained(line=7, **fields)


@pytest.mark.parametrize("row", ERRORS, ids=lambda row: row.id)
def test_a_row_explains_its_own_example(row: ErrorPattern) -> None:
    judgement = of_example(row)
    assert (judgement.rule, judgement.verdict) == (row.id, row.verdict), judgement
    assert "{" not in judgement.sentence
    assert judgement.line == 7
    fields = [name for _, name, _, _ in string.Formatter().parse(row.sentence) if name]
    assert not fields or judgement.sentence != row.sentence


@pytest.mark.parametrize("row", fragment_patterns()["placeholder"], ids=lambda row: row.id)
def test_a_placeholder_in_the_code_is_found_by_its_row(row: FragmentPattern) -> None:
    judgement = explained(f"f({row.example!r})", error=("KeyError", "Exception"), message="'x'")
    assert (judgement.rule, judgement.verdict) == (f"placeholder-{row.id}", Verdict.FRAGMENT)


@pytest.mark.parametrize(
    "row",
    [*fragment_patterns()["placeholder"], *fragment_patterns()["placeholder_name"]],
    ids=lambda row: row.id,
)
def test_a_placeholder_for_a_checkpoint_is_found_by_its_row(row: FragmentPattern) -> None:
    judgement = explained(error=("OSError",), notes=[Note("checkpoint", row.example, "unknown")])
    assert (judgement.rule, judgement.verdict) == (f"placeholder-{row.id}", Verdict.FRAGMENT)


@pytest.mark.parametrize("row", fragment_patterns()["own_module"], ids=lambda row: row.id)
def test_a_module_of_the_course_is_found_by_its_row(row: FragmentPattern) -> None:
    error = ("ModuleNotFoundError", "ImportError", "Exception")
    judgement = explained(error=error, message=f"No module named {row.example!r}", attributes={"name": row.example})
    assert (judgement.rule, judgement.verdict) == ("own-module", Verdict.FRAGMENT)
    others = [one.id for one in fragment_patterns()["own_module"] if one.pattern.fullmatch(row.example)]
    assert others == [row.id]


def test_every_group_of_the_table_has_its_turn_and_ids_are_unique() -> None:
    assert [link for link in CHAIN if isinstance(link, str)] == list(error_patterns())
    for rows in (ERRORS, FRAGMENTS):
        ids = [row.id for row in rows]
        assert sorted(set(ids)) == sorted(ids)


def test_an_error_that_no_rule_knows_is_the_document_s() -> None:
    judgement = explained(error=("ZeroDivisionError", "Exception"), message="division by zero", line=3)
    assert (judgement.rule, judgement.verdict) == (UNEXPLAINED, Verdict.BROKEN)


@pytest.mark.parametrize("name", PATTERNS)
def test_no_pattern_has_a_quantifier_inside_a_quantifier(name: str) -> None:
    assert not list(nested_quantifiers(_parser.parse(PATTERNS[name].pattern)))


@pytest.mark.parametrize("pattern", ["(?:a+)*b", "(?:a|b*)+", "(?:(x)?y*){9,}"])
def test_a_quantifier_inside_a_quantifier_is_seen(pattern: str) -> None:
    assert list(nested_quantifiers(_parser.parse(pattern)))


def nested_quantifiers(parsed: Any, inside: bool = False) -> Iterator[str]:
    """The unbounded quantifiers of a parsed regular expression that stand inside another one."""
    for operation, argument in parsed:
        repeats = operation in REPEATS and argument[1] > MANY
        if repeats and inside:
            yield str(argument)
        for part in argument if isinstance(argument, tuple) else (argument,):
            for child in part if isinstance(part, list) else (part,):
                if isinstance(child, _parser.SubPattern):
                    yield from nested_quantifiers(child, inside or repeats)


def test_a_message_is_cut_before_it_is_searched() -> None:
    hostile = "a-" * LONGEST_MESSAGE + " is not available"
    judgement = explained(error=("ImportError",), message=hostile)
    assert (judgement.rule, len(judgement.sentence) < 400) == (UNEXPLAINED, True)


def test_a_request_that_was_refused_is_known_by_its_note_and_not_by_its_words() -> None:
    refused = Note("endpoint", "/api/spaces", "refused", {"reply": "There is no such path."})
    error: dict[str, Any] = {"error": ("ResponseError", "Exception"), "message": "(404) There is no such path."}
    assert explained(**error, notes=[refused]).rule == "refused-request"
    assert explained(**error).rule == UNEXPLAINED
    another = {**error, "message": "the stand-in for the open web makes nothing of this kind"}
    assert explained(**another, notes=[refused]).rule == UNEXPLAINED


def test_what_an_error_names_is_never_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    """To look for a module in a package imports the package; `this` prints a poem."""
    monkeypatch.delitem(sys.modules, "this", raising=False)
    explained(error=("ImportError",), message="F requires the this.poem library but it was not found")
    assert "this" not in sys.modules


@pytest.mark.parametrize(
    "forged",
    [None, [], "host", {}, {"kind": "another"}, {"kind": ["host"]}, {"subject": 1}, {"outcome": None}, {"details": []}],
)
def test_what_is_not_a_note_is_not_read_as_one(forged: Any) -> None:
    note = {"kind": "host", "subject": "a.example", "outcome": "refused", "details": {}}
    assert read_note(note) == Note("host", "a.example", "refused")
    assert read_note(note | forged if isinstance(forged, dict) and forged else forged) is None
