"""The check of a course without a run: every document against the table of removals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from suite.core.printable import printable
from suite.course.documents.model import Document
from suite.course.documents.reader import find_documents, read_document
from suite.course.lint.api_usage import DEPRECATED, FRAGMENT, Finding, check_document


def lint(paths: Iterable[Path], releases: Mapping[str, str]) -> tuple[list[Document], list[Finding]]:
    """Read and check the documents at these paths; `releases` holds the release of each library, if it matters."""
    documents = [read_document(file) for file in find_documents(paths)]
    return documents, [finding for document in documents for finding in check_document(document, releases)]


def lines(documents: Sequence[Document], findings: Sequence[Finding]) -> list[str]:
    """The problems, a line each, as compilers write them; fragments are none."""
    problems = [f"{document.path}: {document.problem}" for document in documents if document.problem]
    for finding in findings:
        if finding.verdict != FRAGMENT:
            place = finding.example.place if "cell" in finding.example.place else str(finding.line)
            problems.append(f"{finding.example.document}:{place}: {finding.verdict}: {finding.sentence}")
    return [printable(problem) for problem in problems]


def to_fix(documents: Sequence[Document], findings: Sequence[Finding]) -> int:
    """The number of problems that have to be fixed: what is only deprecated works."""
    unread = sum(bool(document.problem) for document in documents)
    return unread + sum(finding.verdict not in (FRAGMENT, DEPRECATED) for finding in findings)
