"""How each status shows: in pytest's counts, in its exit code, in the files and in a sentence."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest

from suite.backends import REGISTRY
from suite.tests.conftest import Touchstone
from suite.tests.support.reporting_backends import CHATTER, LOADED, reference_to

BLOCK = "colour-naming/tiny-distilbert"

Register = Callable[[str, str], None]

pytestmark = pytest.mark.usefixtures("noise_is_no_matter")


@pytest.fixture(autouse=True)
def _only_eager(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(REGISTRY):
        if name != "eager":
            monkeypatch.delitem(REGISTRY, name)


def know(tasks: Path, *lines: str) -> None:
    """Write the data file of known failures."""
    (tasks / "known_failures.csv").write_text("\n".join(["cell,check,when,strict,reason", *lines]) + "\n")


def test_every_outcome_in_one_run(touchstone: Touchstone, tasks: Path, register: Register) -> None:
    register("faulty", "suite.tests.support.faulty_backends:WrongOutputs")
    for name in ("nowhere", "finds-out", "refuses"):
        register(name, reference_to(name))
    know(
        tasks,
        f"{BLOCK}/faulty,fidelity,,,its noise is planted",
        f"{BLOCK}/refuses,fidelity,,,its weights are known to be no good",
        f"{BLOCK}/faulty,accuracy,transformers<1,,another release",
    )
    xml = touchstone.pytester.path / "junit.xml"
    result = touchstone.run("-k", "fidelity or (accuracy and not eager)", f"--junitxml={xml}", "-ra")

    assert result.ret == 1
    # pytest counts what was expected to fail apart from what failed.
    result.assert_outcomes(failed=1, errors=1, skipped=4, xfailed=2, deselected=11)
    assert touchstone.statuses() == {
        ("faulty", "fidelity"): "known-failure",
        ("faulty", "accuracy"): "failed",
        ("nowhere", "fidelity"): "unsupported",
        ("nowhere", "accuracy"): "unsupported",
        ("finds-out", "fidelity"): "unsupported",
        ("finds-out", "accuracy"): "unsupported",
        ("refuses", "fidelity"): "known-failure",
        ("refuses", "accuracy"): "error",
    }
    result.stdout.fnmatch_lines_random(
        [
            "SKIPPED *unsupported: there is no such machine as cpu",
            "SKIPPED *unsupported: this layer has no kernel",
            f"XFAIL *test_fidelity[[]{BLOCK}/faulty] - *its noise is planted (its outputs stray*)",
            f"XFAIL *test_fidelity[[]{BLOCK}/refuses] - *known to be no good (the weights are no good)",
            f"FAILED *test_accuracy[[]{BLOCK}/faulty]*",
            f"ERROR *test_accuracy[[]{BLOCK}/refuses]*",
            f"{BLOCK}/refuses: error: the weights are no good",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")
    suite = ET.parse(xml).getroot().find("testsuite")
    assert suite is not None
    assert {key: suite.get(key) for key in ("tests", "failures", "errors", "skipped")} == {
        "tests": "8", "failures": "1", "errors": "1", "skipped": "6"
    }  # fmt: skip
    names = [case.get("name") for case in suite.iter("testcase")]
    assert f"test_accuracy[{BLOCK}/faulty]" in names


def test_a_known_failure_that_passes_is_an_error(touchstone: Touchstone, tasks: Path) -> None:
    know(tasks, f"{BLOCK}/eager,conformance,,,it used to fail")
    result = touchstone.run("-k", "conformance")
    result.assert_outcomes(failed=1, deselected=2)
    assert result.ret == 1
    assert touchstone.statuses() == {("eager", "conformance"): "failed"}
    result.stdout.fnmatch_lines(
        ["*it passes, though it is a known failure (it used to fail): remove its line from known_failures.csv"]
    )


def test_a_known_failure_that_depends_on_the_machine_may_pass(touchstone: Touchstone, tasks: Path) -> None:
    know(tasks, f"{BLOCK}/eager,conformance,,no,it fails on some processors")
    result = touchstone.run("-k", "conformance")
    result.assert_outcomes(passed=1, deselected=2)
    assert touchstone.statuses() == {("eager", "conformance"): "passed"}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (f"{BLOCK}/egaer,conformance,,,a reason", "*known_failures.csv:2 matches no cell (*egaer, conformance)*"),
        (f"{BLOCK}/eager,fidelity,,,a reason", "*known_failures.csv:2 matches no cell*"),
        (f"{BLOCK}/eager,conformance,,,", "*known_failures.csv:2 needs a cell and a reason*"),
        (f"{BLOCK}/eager,conformence,,,a reason", "*known_failures.csv:2 names no check 'conformence'*"),
        (f"{BLOCK}/eager,conformance,transformers<<5,,a reason", "*no requirement in 'transformers<<5'*"),
        (f"{BLOCK}/eager,conformance,,maybe,a reason", "*has 'maybe' in the column strict*"),
    ],
)
def test_a_known_failure_that_says_nothing_is_refused(
    touchstone: Touchstone, tasks: Path, line: str, words: str
) -> None:
    know(tasks, line)
    result = touchstone.run()
    assert result.ret == 4
    result.stderr.fnmatch_lines([f"ERROR: {words}"])
    assert not (touchstone.pytester.path / "results").exists()


def test_a_model_is_loaded_once_for_all_of_its_checks(
    touchstone: Touchstone, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(REGISTRY, "eager", "suite.tests.support.reporting_backends:TellsLoads")
    register("second", reference_to("second"))
    result = touchstone.run()
    result.assert_outcomes(passed=7)
    assert result.ret == 0
    log = (touchstone.folder.path / "log.txt").read_text()
    assert sorted(line for line in log.splitlines() if LOADED in line) == [f"{LOADED} eager", f"{LOADED} second"]


def test_what_libraries_say_goes_to_the_log(touchstone: Touchstone, register: Register) -> None:
    register("chatty", reference_to("chatty"))
    result = touchstone.run("-k", "conformance and chatty", "-s")
    result.assert_outcomes(passed=1, deselected=6)
    log = (touchstone.folder.path / "log.txt").read_text()
    for said in ("printed", "on standard error", "written by C", "as a warning", "logged"):
        assert f"{CHATTER} {said}" in log
    assert CHATTER not in result.stdout.str() + result.stderr.str()


def test_without_isolation_a_bad_checkpoint_costs_its_own_cells_only(
    touchstone: Touchstone, register: Register
) -> None:
    for name in ("finds-out", "refuses"):
        register(name, reference_to(name))
    result = touchstone.run("-k", "conformance", "--no-isolate")
    result.assert_outcomes(passed=1, skipped=1, errors=1, deselected=8)
    assert result.ret == 6
    assert touchstone.statuses() == {
        ("eager", "conformance"): "passed",
        ("finds-out", "conformance"): "unsupported",
        ("refuses", "conformance"): "error",
    }


def test_strict_is_pytests_own_flag_and_ours(touchstone: Touchstone, register: Register) -> None:
    touchstone.run("-k", "conformance", "--strict").assert_outcomes(passed=1, deselected=2)
    assert touchstone.folder.conditions()["strict"] is True
