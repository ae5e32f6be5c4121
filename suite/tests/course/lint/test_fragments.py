"""The table of what makes a fragment: each rule recognises its example, and no rule before it does."""

from __future__ import annotations

import pytest

from suite.course.documents.model import Document, Example
from suite.course.documents.python_source import parse
from suite.course.lint.api_usage import FRAGMENT, check_document
from suite.course.lint.fragments import RULES, Unparsed


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.example.partition("\n")[0])
def test_each_rule_is_the_first_that_recognises_its_example(rule) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(SyntaxError) as raised:
        parse(rule.example)
    unparsed = Unparsed(rule.example, raised.value.msg, raised.value.lineno or 1)
    assert next(one for one in RULES if one.recognises(unparsed)) is rule
    (finding,) = check_document(Document("a.md", (Example("a.md", "1", 1, rule.example),)))
    assert (finding.verdict, finding.sentence) == (FRAGMENT, rule.why)


@pytest.mark.parametrize("code", ["x = = 1", "def f(a):\nreturn a", 'f("<mask>" x)', "for a in b:\nx = 1\ny = 2"])
def test_no_rule_recognises_code_that_is_broken(code: str) -> None:
    (finding,) = check_document(Document("a.md", (Example("a.md", "1", 1, code),)))
    assert finding.verdict == "broken"
