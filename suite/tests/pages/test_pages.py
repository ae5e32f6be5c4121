"""What the pages say of the repository is so: links, paths, tables of words, generated tables, lengths."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from suite.core.cell import Status
from suite.course.verdicts.verdict import Verdict
from suite.tests.pages.reading import ROOT, anchors, links, pages, paths_in_sentences

NOT_IN_A_CLONE = ("results/latest/", "tuned/", "chapters/", "chapter1/")
"""What begins the paths that a run makes, or a reader has."""
PAGES = pages()


def broken_links(page: Path) -> list[str]:
    """The links of a page that lead nowhere in the repository."""
    return [link for link in links(page) if not link.startswith("https://") and not _resolves(page, link)]


def _resolves(page: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = (ROOT / page.parent / path).resolve() if path else ROOT / page
    if not target.is_relative_to(ROOT) or not target.exists():
        return False
    return not anchor or anchor in anchors(target.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_link_leads_somewhere(page: Path) -> None:
    assert broken_links(page) == []


def test_a_broken_link_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The faults are planted."""
    planted = [
        "suite/READYOU.md",
        "suite/README.md#no-such-heading",
        "../outside.md",
        "suite/README.md#the-four-checks",
    ]
    monkeypatch.setattr("suite.tests.pages.test_pages.links", lambda page: planted)
    assert broken_links(Path("README.md")) == planted[:3]


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_path_exists(page: Path) -> None:
    """A path is written from the root, from the page's own folder, or from `suite/`."""
    roots = (ROOT, ROOT / page.parent, ROOT / "suite")
    written = [path for path in paths_in_sentences(page) if not path.startswith(NOT_IN_A_CLONE)]
    assert [path for path in written if not any((root / path).exists() for root in roots)] == []


def test_the_readme_is_short_and_links_every_other_page() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150
    linked = {(ROOT / link.partition("#")[0]).resolve() for link in links(Path("README.md"))}
    others = {ROOT / page for page in PAGES} - {ROOT / "README.md", ROOT / "tasks/data/README.md"}
    assert others <= linked


def test_every_status_and_verdict_is_explained() -> None:
    outcomes = _first_cells("README.md")
    assert set(Status) <= outcomes
    assert set(Verdict) <= _first_cells("suite/course/README.md")


def _first_cells(page: str) -> set[str]:
    """The words that stand as code in the first column of a page's tables."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return {
        word for cell in re.findall(r"^\| ([^|]+) \|", text, re.MULTILINE) for word in re.findall(r"`([^`]+)`", cell)
    }
