"""What tries to make the suite lie. Each fault is planted, and must be caught with the right status and a sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from suite.tests.conftest import Touchstone

FAULTS = "suite.tests.support.faulty_backends:"

Register = Callable[[str, str], None]


@pytest.fixture(autouse=True)
def _only_eager_and_faulty(monkeypatch: pytest.MonkeyPatch) -> None:
    from suite.backends import REGISTRY

    for name in list(REGISTRY):
        if name != "eager":
            monkeypatch.delitem(REGISTRY, name)


@pytest.mark.parametrize(
    ("fault", "check", "words"),
    [
        ("WrongOutputs", "fidelity", "stray"),
        ("SlightlyWrong", "fidelity", "stray"),
        ("WrongOutputs", "accuracy", "chance"),
        ("Damaged", "accuracy", "of the reference's accuracy"),
        ("PreviousAnswers", "conformance", "one by one"),
        ("Sleeps", "latency", "sleeps"),
    ],
)
def test_a_lie_is_caught(touchstone: Touchstone, register: Register, fault: str, check: str, words: str) -> None:
    register("faulty", FAULTS + fault)
    result = touchstone.run("-k", f"{check} and faulty")
    result.assert_outcomes(failed=1, deselected=touchstone_total(result) - 1)
    assert result.ret == 1
    assert touchstone.statuses() == {("faulty", check): "failed"}
    assert words in touchstone.reasons()["faulty", check]


@pytest.mark.usefixtures("noise_is_no_matter")
def test_an_honest_backend_passes_everything(touchstone: Touchstone) -> None:
    result = touchstone.run()
    result.assert_outcomes(passed=3)
    assert set(touchstone.statuses().values()) == {"passed"}


@pytest.mark.usefixtures("noise_is_no_matter")
@pytest.mark.parametrize(
    ("fault", "status", "words"),
    [
        ("Segfaults", "error", "SIGSEGV"),
        ("Killed", "error", "SIGKILL"),
        ("OutOfMemory", "oom", "memory ran out"),
        ("Raises", "error", "ZeroDivisionError: planted"),
        ("Hangs", "timeout", "--cell-timeout"),
    ],
)
def test_a_dying_worker_costs_its_own_cells_only(
    touchstone: Touchstone, register: Register, fault: str, status: str, words: str
) -> None:
    register("faulty", FAULTS + fault)
    result = touchstone.run("--cell-timeout", "5")
    result.assert_outcomes(passed=3, errors=4)
    assert result.ret == 6
    statuses, reasons = touchstone.statuses(), touchstone.reasons()
    assert {statuses["eager", check] for check in ("conformance", "accuracy", "latency")} == {"passed"}
    assert {statuses["faulty", check] for check in ("conformance", "fidelity", "accuracy", "latency")} == {status}
    assert words in reasons["faulty", "conformance"]


@pytest.mark.parametrize(("options", "code"), [((), 0), (("--strict",), 6)])
def test_noise_is_unstable_and_a_warning_unless_it_is_to_be_strict(
    touchstone: Touchstone, register: Register, options: tuple[str, ...], code: int
) -> None:
    register("faulty", FAULTS + "Noisy")
    result = touchstone.run("-k", "latency and faulty", "--budget", "0.5", *options)
    assert touchstone.statuses() == {("faulty", "latency"): "unstable"}
    assert result.ret == code
    sentence = "colour-naming/tiny-distilbert/faulty: * the median of * ms is uncertain by *"
    result.stdout.fnmatch_lines([sentence if options else f"warning: {sentence.replace('* the', 'the')}"])


def test_the_table_comes_last_and_pytest_benchmark_s_only_where_it_is_asked_for(touchstone: Touchstone) -> None:
    lines = touchstone.run("-k", "latency and eager").outlines
    assert lines[-2].startswith("report: ")
    assert not [line for line in lines if line.startswith("Name (time in")]
    lines = touchstone.run("-k", "latency and eager", "--benchmark-columns=median").outlines
    assert lines[-2].startswith("report: ")
    assert [line for line in lines if line.startswith("Name (time in")]


def test_shuffled_weights_are_not_above_chance(touchstone: Touchstone, tasks: Path) -> None:
    shuffle_weights(tasks / "miniatures" / "shipped" / "tiny")
    result = touchstone.run("-k", "accuracy")
    result.assert_outcomes(failed=1, deselected=2)
    assert "not above the chance level" in touchstone.reasons()["eager", "accuracy"]


def test_a_mistyped_preload_is_noticed(touchstone: Touchstone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("suite.processes.preload.MODULE_NAME", "suite.preloda")
    result = touchstone.run("-k", "conformance")
    result.stdout.fnmatch_lines(["warning: workers start slowly: *was not imported by the forkserver*"])


def test_a_mistyped_class_in_the_preload_is_noticed(touchstone: Touchstone, tasks: Path) -> None:
    task = tasks / "text" / "colour_naming.py"
    task.write_text(
        task.read_text().replace('    metric = "accuracy"', '    metric = "accuracy"\n    preload = ("BertModle",)')
    )
    result = touchstone.run("-k", "conformance")
    result.stdout.fnmatch_lines(["warning: workers start slowly: *could not import BertModle*"])


def test_a_preload_that_works_is_not_warned_of(touchstone: Touchstone) -> None:
    touchstone.run("-k", "conformance").stdout.no_fnmatch_line("*workers start slowly*")


def touchstone_total(result: pytest.RunResult) -> int:
    """How many checks were collected."""
    return sum(result.parseoutcomes().get(kind, 0) for kind in ("passed", "failed", "errors", "deselected"))


def shuffle_weights(directory: Path) -> None:
    """Permute every tensor's values: the same numbers, no knowledge."""
    import torch
    from safetensors.torch import load_file, save_file

    generator = torch.Generator().manual_seed(0)
    file = directory / "model.safetensors"
    weights = load_file(file)
    for name, tensor in weights.items():
        weights[name] = tensor.flatten()[torch.randperm(tensor.numel(), generator=generator)].reshape(tensor.shape)
    save_file(weights, file, metadata={"format": "pt"})
