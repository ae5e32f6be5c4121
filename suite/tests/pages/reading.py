"""The project's pages: their commands, code and links, read by the course runner's own reader."""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from suite.core.files import project_root
from suite.course.documents.blocks import block_of, parse_markdown

ROOT = project_root()
SHELL = {"bash", "sh", "shell", "console"}
PROGRAMS = ("pytest ", "tox ", "touchstone ", "python -m suite ", "python3 ", "pip ", "pre-commit ")
"""What a command in the middle of a sentence begins with."""


def pages() -> list[Path]:
    """Every page that readers get, relative to the root."""
    globs = ("*.md", ".github/*.md", "suite/**/*.md", "tasks/*.md", "tasks/data/*.md", "results/*.md")
    files = [file for pattern in globs for file in sorted(ROOT.glob(pattern))]
    return [file.relative_to(ROOT) for file in [*files, *sorted(ROOT.glob("results/baselines/*/*.md"))]]


@dataclass(frozen=True)
class Command:
    """One command of a page: its words, without comments."""

    page: Path
    line: int
    words: tuple[str, ...]

    @property
    def id(self) -> str:
        """Where it stands, and what it begins with."""
        return f"{self.page}:{self.line} {' '.join(self.words)[:60]}"


def commands(page: Path) -> Iterator[Command]:
    """The commands of a page, out of its fences and its sentences."""
    for token in parse_markdown((ROOT / page).read_text(encoding="utf-8")).tokens:
        block = block_of(token)
        if block and block.language in SHELL:
            for number, text in enumerate(block.content.splitlines()):
                yield from _split(page, block.line + number, text.removeprefix("$ "))
        start = token.map[0] + 1 if token.map else 0
        for child in token.children or () if token.type == "inline" else ():
            if child.type == "code_inline" and child.content.startswith(PROGRAMS):
                yield from _split(page, start, child.content)


def _split(page: Path, line: int, text: str) -> Iterator[Command]:
    for part in re.split(r"\s&&\s", text):
        words = tuple(shlex.split(part, comments=True))
        if words:
            yield Command(page, line, words)


def links(page: Path) -> list[str]:
    """What a page links to, and the pictures that it shows."""
    found = []
    for token in parse_markdown((ROOT / page).read_text(encoding="utf-8")).tokens:
        for child in token.children or ():
            target = child.attrs.get("href") or child.attrs.get("src")
            if target:
                found.append(str(target))
    return found


def anchors(page: Path) -> set[str]:
    """The names that GitHub gives the headings of a page."""
    tokens = parse_markdown((ROOT / page).read_text(encoding="utf-8")).tokens
    titles = [after.content for token, after in itertools.pairwise(tokens) if token.type == "heading_open"]
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def paths_in_sentences(page: Path) -> set[str]:
    """What a page writes as code that looks like a path of the repository: a slash, and an ending or another slash."""
    found = set()
    for token in parse_markdown((ROOT / page).read_text(encoding="utf-8")).tokens:
        for child in token.children or ():
            if child.type == "code_inline" and re.fullmatch(r"[\w.-]+(/[\w.-]+)*/([\w-]+\.\w+)?", child.content):
                found.add(child.content)
    return found
