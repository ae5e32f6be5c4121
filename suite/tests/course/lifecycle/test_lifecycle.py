"""The table of removals is tried on releases: here on made ones, so that a false line is seen to be found false."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from suite.core.errors import UsageError
from suite.course.lifecycle.probes import probe_of
from suite.course.lifecycle.releases import ProbeOutcome, Releases
from suite.course.lifecycle.table import Removal
from suite.course.lifecycle.verify import bisect, chosen, verify

WORKS = ProbeOutcome("", (), "", "", "")
GONE = ProbeOutcome("ImportError", ("ImportError", "Exception"), "cannot import it", "probe", "")
WARNS = dataclasses.replace(WORKS, warning="it is deprecated")
KNOWN = ["4.57.5", "4.57.6", "5.0.0", "5.0.1", "5.1.0", "5.2.0"]
(LINE,) = chosen(["transformers name:AutoModelWithLMHead"])


class Made:
    """A library in which the thing is what `there` says of each release; what takes its place always works."""

    def __init__(self, there: Callable[[str], ProbeOutcome], replacement: ProbeOutcome = WORKS) -> None:
        self.there, self.replacement, self.ran = there, replacement, list[str]()

    def known(self, library: str) -> list[str]:
        return KNOWN

    def run(self, library: str, release: str, snippets: Sequence[tuple[str, str]]) -> list[ProbeOutcome]:
        self.ran.append(release)
        wanted = probe_of(LINE)
        assert wanted is not None
        return [self.there(release) if one == wanted.probe else self.replacement for _, one in snippets]


def gone_since(first: str, outcome: ProbeOutcome = GONE) -> Callable[[str], ProbeOutcome]:
    return lambda release: outcome if KNOWN.index(release) >= KNOWN.index(first) else WORKS


def problems(line: Removal, made: Made) -> tuple[str, ...]:
    (verified,) = verify([line], made)
    assert bool(verified.problems) == str(verified).startswith("FALSE")
    return verified.problems


def test_a_true_line_has_no_problem_and_each_release_runs_once() -> None:
    made = Made(gone_since("5.0.0"))
    assert problems(LINE, made) == ()
    assert sorted(made.ran) == ["4.57.6", "5.0.0", "5.2.0"]


@pytest.mark.parametrize(
    ("change", "made", "says"),
    [
        ({}, Made(gone_since("5.1.0")), "after: it should be gone, and works"),
        ({}, Made(gone_since("4.57.6")), "before: it should work"),
        ({}, Made(lambda release: GONE if release == "5.0.0" else WORKS), "newest: it should be gone, and works"),
        ({}, Made(gone_since("5.0.0"), replacement=GONE), "replacement: it should work"),
        ({"error": "KeyError"}, Made(gone_since("5.0.0")), "it should end with KeyError, and ended with ImportError"),
        ({"last_seen": "4.57.5"}, Made(gone_since("5.0.0")), "4.57.5 is not the release before 5.0.0: 4.57.6 is"),
        ({"first_gone": "5.0.7"}, Made(gone_since("5.0.0")), "5.0.7 is not a release of transformers"),
        ({}, Made(gone_since("5.0.0", dataclasses.replace(GONE, stage="setup"))), "its prelude failed"),
        ({"back_in": "5.2.0"}, Made(gone_since("5.0.0")), "back: it should work"),
        ({"back_in": "5.2.0"}, Made(lambda release: GONE if release == "5.0.0" else WORKS), "still gone: it should be"),
    ],
)
def test_a_false_line_is_told(change: dict[str, str], made: Made, says: str) -> None:
    if change.get("first_gone") == "5.0.7":
        made.there = lambda release: WORKS if release == "4.57.6" else GONE
    assert any(says in problem for problem in problems(dataclasses.replace(LINE, **change), made))


def test_what_is_deprecated_works_and_warns() -> None:
    line = dataclasses.replace(LINE, last_seen="", first_gone="", error="", deprecated_in="5.0.0")
    assert problems(line, Made(lambda _: WARNS)) == ()
    assert "gives no warning" in problems(line, Made(lambda _: WORKS))[0]
    assert "should work" in problems(line, Made(lambda _: GONE))[0]


def test_what_came_back_is_gone_in_between_alone() -> None:
    line = dataclasses.replace(LINE, back_in="5.1.0")
    assert problems(line, Made(lambda release: GONE if release.startswith("5.0") else WORKS)) == ()
    gone = {release: line.gone_in({"transformers": release}) for release in KNOWN}
    assert [release for release in KNOWN if gone[release]] == ["5.0.0", "5.0.1"]
    assert not line.gone_in({})


def test_the_first_release_without_it_is_searched_for() -> None:
    wide = dataclasses.replace(LINE, last_seen="4.57.5", first_gone="5.2.0")
    assert bisect(wide, Made(gone_since("5.0.1"))) == ("5.0.0", "5.0.1")
    with pytest.raises(UsageError, match="name wider releases"):
        bisect(LINE, Made(gone_since("5.1.0")))


def test_lines_are_chosen_by_library_or_pattern() -> None:
    assert {line.library for line in chosen(["openai"])} == {"openai"}
    assert [line.name for line in chosen(["task:summarization"])] == ["summarization"]
    with pytest.raises(UsageError, match="did you mean task:summarization"):
        chosen(["task:sumarization"])


def test_snippets_run_apart_from_this_environment_and_from_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Releases, "_installed", lambda self, library, release: [tmp_path])
    (tmp_path / "library.py").write_text("import warnings\nwarnings.warn('it is deprecated', FutureWarning)\n")
    ran = Releases(tmp_path / "cache").run(
        "library",
        "1.0",
        [
            ("a = 1", "assert a == 1\nopen('b', 'w')"),
            ("", "open('b')"),
            ("", "a"),
            ("raise KeyError('x')", "1"),
            ("", "import library"),
            ("", "raise SystemExit(3)"),
            ("", "import pytest"),
        ],
    )  # fmt: skip
    assert [one.error for one in ran] == [
        "", "FileNotFoundError", "NameError", "KeyError", "", "SystemExit", "ModuleNotFoundError",
    ]  # fmt: skip
    assert [one.stage for one in ran[2:4]] == ["probe", "setup"]
    assert ran[4].warning == "it is deprecated"
    assert "OSError" in ran[1].kinds


def test_an_interpreter_that_crashes_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Releases, "_installed", lambda self, library, release: [tmp_path])
    (one,) = Releases(tmp_path).run("library", "1.0", [("", "import os\nos.abort()")])
    assert (one.error, one.stage) == ("Crash", "setup")
