"""What was too noisy is measured again at the end: once, within limits, and the last outcome is what counts."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from suite.analysis.frames import load
from suite.analysis.speedup import speedups
from suite.backends import REGISTRY
from suite.checks import latency
from suite.core.cell import Cell, Status
from suite.core.outcome import Outcome
from suite.core.rounds import Rounds
from suite.plugin import again
from suite.records.run_folder import read_lines
from suite.tests.conftest import Touchstone

BLOCK = "colour-naming/tiny-distilbert"
FAULTS = "suite.tests.support.faulty_backends:"
LATENCY = ("-k", "latency")

Register = Callable[[str, str], None]


@pytest.fixture(autouse=True)
def _only_eager_and_faulty(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(REGISTRY):
        if name != "eager":
            monkeypatch.delitem(REGISTRY, name)
    monkeypatch.setitem(REGISTRY, "eager", FAULTS + "SteadyReference")
    monkeypatch.setattr("suite.executors.quiet.MACHINE_PATIENCE", 0.0)


def lines(touchstone: Touchstone, backend: str) -> list[dict[str, Any]]:
    return [row for row in read_lines(touchstone.folder.path / "cells.jsonl") if row["backend"] == backend]


def medians(touchstone: Touchstone) -> dict[str, Any]:
    """The median of every cell in its row, in ms."""
    return {row["cell"]: row["latency_p50_ms"] for row in touchstone.folder.rows()}


def in_json(file: Path) -> dict[str, tuple[str, Any]]:
    """The status and the median of every cell in pytest-benchmark's file, in ms."""
    benchmarks = json.loads(file.read_text())["benchmarks"]
    assert len({entry["fullname"] for entry in benchmarks}) == len(benchmarks), "one is there twice"
    return {
        entry["extra_info"]["cell"]: (entry["extra_info"]["status"], entry["stats"]["median"] * 1000)
        for entry in benchmarks
    }


@pytest.mark.parametrize("options", [(), ("--strict", "-v")], ids=" ".join)
def test_what_is_quiet_at_its_second_turn_has_passed(
    touchstone: Touchstone, register: Register, options: tuple[str, ...]
) -> None:
    register("faulty", FAULTS + "NoisyAtFirst")
    saved, xml = touchstone.pytester.path / "benchmark.json", touchstone.pytester.path / "junit.xml"
    result = touchstone.run(*LATENCY, *options, f"--benchmark-json={saved}", f"--junitxml={xml}")
    assert result.ret == 0
    result.assert_outcomes(passed=2, deselected=5)
    result.stdout.fnmatch_lines(["too noisy to be used, and now measured again: 1 latency"])
    result.stdout.no_fnmatch_line("warning: *")
    assert [row["status"] for row in lines(touchstone, "faulty")] == ["unstable", "passed"]
    assert [row["status"] for row in lines(touchstone, "eager")] == ["passed"], "it is company, and not judged again"
    assert touchstone.folder.conditions()["outcomes"] == {"passed": 2}
    rows = medians(touchstone)
    assert in_json(saved) == {cell: ("passed", pytest.approx(median, rel=1e-3)) for cell, median in rows.items()}
    assert len(list(ET.parse(xml).getroot().iter("testcase"))) == 2
    assert rows == {f"{BLOCK}/eager": pytest.approx(1.0), f"{BLOCK}/faulty": pytest.approx(4.0)}
    timed = {ms for row in touchstone.folder.rounds() if row["cell"].endswith("faulty") for ms in row["latency_ms"]}
    assert timed == {4.0}, "the old rounds are gone"


def test_what_is_compared_with_the_reference_is_its_pace_at_the_time(
    touchstone: Touchstone, register: Register
) -> None:
    register("faulty", FAULTS + "NoisyAtFirst")
    touchstone.run(*LATENCY)
    rounds = [(row["cell"].rpartition("/")[2], row) for row in read_lines(touchstone.folder.path / "samples.jsonl")]
    assert {row["latency_ms"][0] for backend, row in rounds if backend == "eager"} == {1.0}, "it was only company"
    assert not any("reference_ms" in row for backend, row in rounds if backend == "eager")
    faulty = [(row["latency_ms"][0] == 4.0, row["reference_ms"]) for backend, row in rounds if backend == "faulty"]
    assert set(faulty[1:]) == {(False, 1.0), (True, 2.0)}
    _, samples, _ = load([touchstone.folder.path])
    assert speedups(samples)["speedup"].tolist() == [0.5]


@pytest.mark.parametrize(("options", "code"), [((), 0), (("--strict",), 6)])
def test_what_stays_noisy_is_a_warning_with_its_interval(
    touchstone: Touchstone, register: Register, options: tuple[str, ...], code: int
) -> None:
    register("faulty", FAULTS + "Noisy")
    saved = touchstone.pytester.path / "benchmark.json"
    result = touchstone.run(*LATENCY, "--benchmark-json", str(saved), *options)
    assert result.ret == code
    assert [row["status"] for row in lines(touchstone, "faulty")] == ["unstable", "unstable"], "once, and no more"
    assert touchstone.folder.conditions()["outcomes"] == {"passed": 1, "unstable": 1}
    sentence = f"{BLOCK}/faulty: * the median of * ms is uncertain by * (95 % interval * to * ms)*"
    found = [line for line in result.outlines if "95 % interval" in line and not line.startswith("ERROR")]
    assert len(found) == 1, found
    result.stdout.fnmatch_lines([sentence if options else f"warning: {sentence.replace('* the', 'the')}"])
    if not options:
        median = medians(touchstone)[f"{BLOCK}/faulty"]
        assert in_json(saved)[f"{BLOCK}/faulty"] == ("unstable", pytest.approx(median, rel=1e-3))


def test_no_more_is_measured_again_than_a_share_of_the_run(
    touchstone: Touchstone, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(again, "ALLOWED", -1.0)
    monkeypatch.setattr(again, "SHARE", 0.0)
    register("faulty", FAULTS + "NoisyAtFirst")
    result = touchstone.run(*LATENCY)
    result.assert_outcomes(passed=2, deselected=5)
    result.stdout.fnmatch_lines(
        ["after more than 0 s: 1 latency left as measured before", f"warning: {BLOCK}/faulty: *"]
    )
    assert [row["status"] for row in lines(touchstone, "faulty")] == ["unstable"]
    resumed = touchstone.run(*LATENCY, "--resume=latest")
    resumed.assert_outcomes(passed=2, deselected=5)
    assert [row["status"] for row in lines(touchstone, "faulty")] == ["unstable", "passed"]


def test_a_share_of_the_run_is_enough(
    touchstone: Touchstone, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(again, "ALLOWED", -1.0)
    monkeypatch.setattr(again, "SHARE", 1000.0)
    register("faulty", FAULTS + "NoisyAtFirst")
    touchstone.run(*LATENCY)
    assert [row["status"] for row in lines(touchstone, "faulty")] == ["unstable", "passed"]


def test_the_machine_is_waited_for_once_a_checkpoint(
    touchstone: Touchstone, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal: list[int] = []

    def wait() -> None:
        journal.append(len(lines(touchstone, "faulty")) + len(lines(touchstone, "second")))

    monkeypatch.setattr(again, "wait_until_the_machine_is_quiet", wait)
    register("faulty", FAULTS + "NoisyAtFirst")
    register("second", FAULTS + "SecondNoisyAtFirst")
    result = touchstone.run(*LATENCY)
    result.stdout.fnmatch_lines(["too noisy to be used, and now measured again: 2 latencies"])
    assert journal == [2], "after the items, before any of them is measured again"
    for backend in ("faulty", "second"):
        assert [row["status"] for row in lines(touchstone, backend)] == ["unstable", "passed"]


def test_a_debugger_stops_at_the_first_turn(touchstone: Touchstone, register: Register) -> None:
    register("faulty", FAULTS + "NoisyAtFirst")
    result = touchstone.run(*LATENCY, "--pdb")
    result.assert_outcomes(passed=2, deselected=5)
    assert [row["status"] for row in lines(touchstone, "faulty")] == ["unstable"]


def test_without_processes_of_their_own_it_is_measured_again_too(
    touchstone: Touchstone, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(REGISTRY, "eager", "suite.backends.eager:Eager")
    register("faulty", FAULTS + "WrongOutputs")
    honest, judged = latency.judge, set()

    def judge(result: Rounds, cell: Cell) -> Outcome:
        outcome = honest(result, cell)
        first = cell.id not in judged
        judged.add(cell.id)
        noisy = first and cell.backend == "faulty"
        return Outcome(
            Status.UNSTABLE if noisy else Status.PASSED, "planted" * noisy, outcome.fields, outcome.durations
        )

    monkeypatch.setattr(latency, "judge", judge)
    result = touchstone.run(*LATENCY, "--no-isolate")
    assert result.ret == 0
    result.assert_outcomes(passed=2, deselected=5)
    result.stdout.fnmatch_lines(["too noisy to be used, and now measured again: 1 latency"])
    result.stdout.no_fnmatch_line("warning: *planted*")
    assert [row["status"] for row in lines(touchstone, "faulty")] == ["unstable", "passed"]
    assert [row["status"] for row in lines(touchstone, "eager")] == ["passed"]


def test_ctrl_c_meanwhile_loses_nothing(touchstone: Touchstone) -> None:
    touchstone.pytester.makepyfile(
        registering="from suite.backends import REGISTRY\n"
        "for name in list(REGISTRY):\n    name == 'eager' or REGISTRY.pop(name)\n"
        f'REGISTRY["eager"] = "{FAULTS}SteadyReference"\n'
        f'REGISTRY["faulty"] = "{FAULTS}NoisyThenHangs"'
    )
    saved = touchstone.pytester.path / "benchmark.json"
    arguments = touchstone._arguments(("-p", "registering", *LATENCY, f"--benchmark-json={saved}"))
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
        cwd=touchstone.pytester.path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - single-threaded here
    )  # fmt: skip
    assert process.stdout is not None
    told: list[str] = []
    try:
        for line in process.stdout:
            told.append(line)
            if "now measured again" in line:
                break
        time.sleep(4)
        process.send_signal(signal.SIGINT)
        told += process.stdout.readlines()
        assert process.wait(60) == 2, told
    finally:
        process.kill()
    assert [row["status"] for row in lines(touchstone, "faulty")] == ["unstable"], told
    assert "2 passed, 5 deselected" in "".join(told)
    assert f"warning: {BLOCK}/faulty: the median of " in "".join(told)
    rows = medians(touchstone)
    assert {cell: median for cell, (_, median) in in_json(saved).items()} == pytest.approx(rows, rel=1e-3)
    timed = {row["cell"] for row in touchstone.folder.rounds()}
    assert timed == set(rows)
