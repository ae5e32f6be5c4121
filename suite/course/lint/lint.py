"""The check that needs no run: every document of a course against the table of what was removed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from suite.course.documents.model import Document
from suite.course.documents.reader import find_documents, read_document
from suite.course.lint.api_usage import DEPRECATED, FRAGMENT, Finding, check_document


def lint(paths: Iterable[Path], releases: Mapping[str, str]) -> tuple[list[Document], list[Finding]]:
    """Read and check everything at these paths."""
    documents = [read_document(file) for file in find_documents(paths)]
    return documents, [finding for document in documents for finding in check_document(document, releases)]


def lines(documents: Sequence[Document], findings: Sequence[Finding]) -> list[str]:
    """What there is to say, a line each, as compilers say it; fragments are no complaint."""
    told = [f"{document.path}: {document.problem}" for document in documents if document.problem]
    for finding in findings:
        if finding.verdict != FRAGMENT:
            place = finding.example.place if "cell" in finding.example.place else str(finding.line)
            told.append(f"{finding.example.document}:{place}: {finding.verdict}: {finding.sentence}")
    return told


def to_mend(documents: Sequence[Document], findings: Sequence[Finding]) -> int:
    """How much of that has to be mended: what is only deprecated works."""
    mended_not = {FRAGMENT, DEPRECATED}
    problems = sum(bool(document.problem) for document in documents)
    return problems + sum(finding.verdict not in mended_not for finding in findings)
