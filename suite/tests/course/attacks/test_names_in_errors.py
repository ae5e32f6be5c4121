"""The attack: an error names a module that lies in the working directory, for whoever judges it to look for."""

from __future__ import annotations

from pathlib import Path

import pytest

from suite.course.documents.model import Example
from suite.course.documents.result import ExampleResult
from suite.course.verdicts.document_state import DocumentState
from suite.course.verdicts.judge import judge
from suite.course.verdicts.verdict import Judgement, Verdict


def judged(error: str, message: str, **attributes: str) -> Judgement:
    """The verdict on an example that failed with an error."""
    result = ExampleResult(error=(error, "ImportError"), message=message, attributes=attributes)
    return judge(Example("a.md", "1", 1, "x = 1"), result, [], DocumentState())


@pytest.mark.parametrize("name", ["evil", "evil.x", "evil.x.y", ".evil", "..", "/etc", "evil/x", "\0"])
def test_a_name_is_looked_up_in_metadata_alone(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("evil", "evil/x"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "__init__.py").write_text(f"open({str(tmp_path / 'mark')!r}, 'w').close()\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    judged("ImportError", f"The reader requires the {name} library but it was not found")
    judged("ModuleNotFoundError", f"No module named {name!r}", name=name)
    assert not (tmp_path / "mark").exists()


def test_what_lies_in_the_working_directory_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "evil.py").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    judgement = judged("ModuleNotFoundError", "No module named 'evil'", name="evil")
    assert (judgement.verdict, judgement.sentence) == (Verdict.PACKAGE, "it needs the package evil")
