"""What a user of pytest expects: node ids, -k, -m, -x, --lf, --co, --pdb; and what starts no worker."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest

from suite.backends import REGISTRY, get_backend
from suite.task.discovery import tasks_root
from suite.tests.conftest import Touchstone
from suite.tests.support.reporting_backends import reference_to
from suite.tests.support.tiny import make_checkpoint

BLOCK = "colour-naming/tiny-distilbert"
TEXTS = [f"red {word}" for word in ("green", "blue", "large", "small", "round", "square", "bright", "dark")]

Register = Callable[[str, str], None]

pytestmark = pytest.mark.usefixtures("noise_is_no_matter")


@pytest.fixture
def only_eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave no backend but the reference."""
    for name in list(REGISTRY):
        if name != "eager":
            monkeypatch.delitem(REGISTRY, name)


@pytest.fixture
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make it an error to start a worker, or the process that workers are forked from."""

    def refuse(*_: object) -> None:
        raise AssertionError("a worker was started")

    monkeypatch.setattr("suite.run.worker_starter.SubprocessExecutor", refuse)
    monkeypatch.setattr("suite.run.worker_starter.Forkserver", refuse)


@pytest.mark.usefixtures("no_worker")
def test_collecting_prints_node_ids_and_starts_nothing(touchstone: Touchstone) -> None:
    result = touchstone.run("--co", "-q", "-k", "onnx and not accuracy")
    assert result.ret == 0
    listed = [line.split("tasks/")[-1] for line in result.outlines if "::" in line]
    assert listed == [
        f"test_{check}.py::test_{check}[{BLOCK}/{backend}]"
        for check in ("conformance", "fidelity", "latency")
        for backend in ("onnx", "onnx-int8")
    ]
    assert not (touchstone.pytester.path / "results").exists()


def answering() -> list[str]:
    """The backends that have cells of a capability that does not train."""
    return [name for name in REGISTRY if get_backend(name).infers]


@pytest.mark.usefixtures("no_worker")
def test_what_takes_long_to_prepare_is_left_out_unless_asked_for(touchstone: Touchstone) -> None:
    by_default = touchstone.run("--co", "-q")
    left_out = [name for name in answering() if not get_backend(name).runs_unasked("cpu")]
    assert left_out == ["fp16", "compile"]
    for name in left_out:
        assert f"/{name}]" not in by_default.stdout.str()
        by_default.stdout.fnmatch_lines([f"left out unless asked for, since it takes long: *{name}*--backend all*"])
        asked = touchstone.run("--co", "-q", "--backend", name).stdout.str()
        assert f"/{name}]" in asked
        assert "left out" not in asked
        by_id = touchstone.run(f"{touchstone.tasks}/test_accuracy.py::test_accuracy[{BLOCK}/{name}]", "--co", "-q")
        by_id.stdout.fnmatch_lines([f"*test_accuracy[[]{BLOCK}/{name}]"])
    everything = touchstone.run("--co", "-q", "--backend", "all").stdout.str()
    assert all(f"/{name}]" in everything for name in answering())


@pytest.mark.usefixtures("no_worker")
@pytest.mark.parametrize("flag", ["--benchmark-skip", "--benchmark-disable"])
def test_what_is_not_timed_starts_no_worker(touchstone: Touchstone, flag: str) -> None:
    result = touchstone.run("-k", "latency and (eager or bf16)", flag)
    result.assert_outcomes(skipped=2, deselected=len(answering()) * 4 - 3 - 1 - 2)
    assert result.ret == 0
    assert not (touchstone.pytester.path / "results").exists()


@pytest.mark.usefixtures("no_worker")
def test_the_header_says_what_is_under_test_and_selected(touchstone: Touchstone) -> None:
    chosen = ("--backend", "eager", "--backend", "onnx", "--capability", "colour-naming")
    result = touchstone.run("--co", "-m", "not benchmark", *chosen)
    result.stdout.fnmatch_lines(
        [
            "machine: *cores*GB*",
            "under test: torch *, transformers *, onnxruntime *",
            "conditions: weights miniature, device cpu, threads 1, batch size 1, budget 0.05 s a cell",
            "cells: 2 selected, 6 deselected; checks: 5 selected, 23 deselected",
        ]
    )
    assert "test_latency" not in result.stdout.str()


@pytest.mark.usefixtures("only_eager")
def test_a_node_id_the_first_failure_and_the_last_failed(touchstone: Touchstone, register: Register) -> None:
    register("faulty", "suite.tests.support.faulty_backends:WrongOutputs")
    node = f"test_conformance.py::test_conformance[{BLOCK}/eager]"
    touchstone.run(str(touchstone.tasks / node)).assert_outcomes(passed=1)
    assert touchstone.statuses() == {("eager", "conformance"): "passed"}

    first = touchstone.run("-x", "-k", "fidelity or accuracy")
    first.assert_outcomes(failed=1, deselected=4)
    assert first.ret == 1
    assert touchstone.statuses() == {("faulty", "fidelity"): "failed"}  # its reference was run, and is no row

    again = touchstone.run("--lf")
    again.assert_outcomes(failed=1)
    again.stdout.fnmatch_lines(["cells: 1 selected, 1 deselected; checks: 1 selected, *"])
    assert touchstone.statuses() == {("faulty", "fidelity"): "failed"}


@pytest.mark.usefixtures("only_eager")
def test_the_whole_block_is_measured_interleaved_at_its_first_item(touchstone: Touchstone, register: Register) -> None:
    for name in ("second", "timed"):
        register(name, reference_to(name))
    touchstone.run("-k", "latency").assert_outcomes(passed=3, deselected=5)
    rounds = touchstone.folder.rounds()
    assert {row["block"] for row in rounds} == {BLOCK}
    orders: dict[int, dict[int, str]] = defaultdict(dict)
    for row in rounds:
        orders[row["cycle"]][row["order"]] = row["cell"].rsplit("/", 1)[1]
        assert row["latency_ms"]
        assert all(duration > 0 for duration in row["latency_ms"])
    cycles = [tuple(cycle[place] for place in sorted(cycle)) for cycle in orders.values()]
    whole = [cycle for cycle in cycles if len(cycle) == 3]
    assert len(whole) >= 6
    assert whole[0] == ("eager", "second", "timed")
    assert all(set(cycle) == {"eager", "second", "timed"} for cycle in whole)
    assert len(set(whole)) > 1, "the order is never shuffled"


def test_without_isolation_a_debugger_stops_at_the_error(touchstone: Touchstone) -> None:
    touchstone.pytester.makepyfile(
        registering="from suite.backends import REGISTRY\n"
        'REGISTRY["faulty"] = "suite.tests.support.faulty_backends:Raises"'
    )
    arguments = touchstone._arguments(
        ("-p", "registering", "--pdb", "--no-isolate", "-k", "conformance and faulty", "-p", "no:cacheprovider")
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *arguments], input="p 6 * 7\nq\n", capture_output=True, text=True, check=False
    )
    assert "ZeroDivisionError: planted" in done.stdout
    assert "raise ZeroDivisionError" in done.stdout
    assert "(Pdb) 42" in done.stdout
    assert done.returncode == 2, done.stdout


def test_existing_folders_after_our_options_are_no_test_paths(tmp_path: Path) -> None:
    """pytest takes an existing path after an option that it does not know for one of tests, and looks there for its
    configuration; only an installed plugin can tell it otherwise."""
    make_checkpoint(tmp_path / "models" / "mine", TEXTS)
    (tmp_path / "out").mkdir()
    model, out = str(tmp_path / "models" / "mine"), str(tmp_path / "out")
    for arguments in (
        ("--model", model, "--results", out, "--backend", "eager", "--capability", "sentiment-analysis"),
        ("--backend", "eager", "--results", out, "--model", model, "-k", "sentiment"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--co", "-q", *arguments],
            cwd=tasks_root().parent, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        ids = [line for line in done.stdout.splitlines() if "::" in line]
        assert ids == [
            f"tasks/test_{check}.py::test_{check}[sentiment-analysis/mine/eager]"
            for check in ("conformance", "accuracy", "latency")
        ]
    assert list((tmp_path / "out").iterdir()) == []


def test_help_shows_every_option_in_one_group(pytester: pytest.Pytester) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "suite.plugin", "--help"], capture_output=True, text=True, check=False
    )
    group = done.stdout.partition("\ntouchstone: ")[2].partition("\n\n")[0]
    for option in (
        "--capability", "--backend", "--model", "--weights", "--samples", "--device", "--threads", "--batch-size",
        "--budget", "--cell-timeout", "--results", "--resume", "--no-isolate", "--strict",
    ):  # fmt: skip
        assert option in group
    assert "physical cores" in group


def test_collecting_imports_nothing_heavy(tasks: Path) -> None:
    code = (
        "import sys, json, pytest; pytest.main(['-p', 'suite.plugin', '--tasks', sys.argv[1], sys.argv[1], '--co', "
        "'-q', '-p', 'no:cacheprovider', '--import-mode=importlib']); "
        "print(json.dumps([m for m in ('torch', 'transformers', 'onnxruntime', 'matplotlib') if m in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tasks)], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == []
