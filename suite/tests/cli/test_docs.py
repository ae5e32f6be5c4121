"""The generated tables: the committed pages hold what the source says, and a page that does not is found."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from suite.cli.commands import main
from suite.cli.docs import GENERATED, Generated, regenerated, room_imports, write_pages
from suite.core.errors import UsageError
from suite.core.files import project_root

ROOT = project_root()


def test_the_tables_are_up_to_date() -> None:
    assert write_pages(write=False) == [], "run `python -m suite docs`"


@pytest.fixture
def copies(tmp_path: Path) -> Path:
    """The pages alone."""
    for page in {table.page for table in GENERATED}:
        (tmp_path / page).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / page, tmp_path / page)
    return tmp_path


def test_a_changed_number_is_found_and_written_again(copies: Path) -> None:
    """The fault is planted: a score that no card has."""
    page = copies / "tasks" / "README.md"
    right = page.read_text()
    page.write_text(right.replace("| 0.920 |", "| 0.990 |"))
    assert write_pages(write=False, root=copies) == ["tasks/README.md"]
    assert page.read_text() != right
    assert write_pages(root=copies) == ["tasks/README.md"]
    assert page.read_text() == right
    assert write_pages(root=copies) == []


def test_the_command_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("suite.cli.docs.write_pages", lambda write: ["tasks/README.md"])
    assert main(["docs", "--check"]) == 1
    assert "tasks/README.md is out of date" in capsys.readouterr().out
    assert main(["docs"]) == 0


def test_lost_markers_and_pages_are_refused_in_a_sentence(tmp_path: Path) -> None:
    table = Generated("page.md", "numbers", lambda: ["| 1 |"])
    with pytest.raises(UsageError, match="must have one section"):
        regenerated("no markers\n", table)
    with pytest.raises(UsageError, match="There is no page"):
        write_pages(root=tmp_path, tables=[table])


def test_imports_are_found_wherever_they_stand(tmp_path: Path) -> None:
    for room in ("low", "high"):
        (tmp_path / "suite" / room).mkdir(parents=True)
        (tmp_path / "suite" / room / "__init__.py").write_text(f'"""{room}"""\n')
    (tmp_path / "suite" / "high" / "deep.py").write_text("def call():\n    from suite import low\n    return low\n")
    assert room_imports(tmp_path / "suite") == {"low": [], "high": ["low"]}
