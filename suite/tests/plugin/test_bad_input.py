"""What a user gets wrong: one clear sentence, no traceback, and the exit code of a usage error."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from suite.backends import REGISTRY
from suite.tests.conftest import Touchstone

EAGER = ("--backend", "eager")


def refused(touchstone: Touchstone, result: pytest.RunResult, words: str) -> None:
    """The run was refused in one sentence, before anything was written."""
    text = "\n".join([*result.outlines, *result.errlines])
    assert result.ret == 4, text
    complaints = [line for line in text.splitlines() if line.startswith("ERROR: ")]
    assert len(complaints) == 1, text
    assert words in complaints[0]
    assert complaints[0].endswith("."), "not a sentence"
    assert "Traceback" not in text
    assert "INTERNALERROR" not in text
    assert not (touchstone.pytester.path / "results").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--backend", "onxx"), "There is no backend 'onxx'. Did you mean 'onnx'?"),
        (("--capability", "color-naming"), "There is no capability 'color-naming'. Did you mean 'colour-naming'?"),
        (("--weights", "minature"), "There is no kind of weights 'minature'. Did you mean 'miniature'?"),
        (("--device", "cdua"), "There is no device 'cdua'. Did you mean 'cuda'?"),
        (("--device", "cuda:x"), "--device cuda:x names no device"),
        (("--device", "cuda:99"), "torch cannot use the device 'cuda:99' here"),
        (("--threads", "0"), "--threads takes a whole number of at least 1, not '0'"),
        (("--batch-size", "two"), "--batch-size takes a whole number"),
        (("--budget", "-1"), "--budget takes a number of seconds above 0"),
        (("--precision", "fine"), "--precision takes a percentage from 0 to 100, not 'fine'"),
        (("--precision", "101%"), "--precision takes a percentage from 0 to 100"),
        (("--cell-timeout", "nan"), "--cell-timeout takes a number of seconds above 0"),
        (("--samples", "nowhere.jsonl"), "is not a file"),
        (("--resume=latest",), "There is no run in"),
        (("--resume",), "is not the folder of a run: before a test path write --resume=latest."),  # the path follows
        (("--resume", "20200101-000000"), "There is no run '20200101-000000'"),
        (("--model", ""), "--model is empty"),
        (("--tasks", "nowhere"), "There is no tasks folder at"),
    ],
    ids=lambda value: "-".join(value)[:30] if isinstance(value, tuple) else "",
)
def test_an_option_value_that_cannot_be_used(touchstone: Touchstone, arguments: tuple[str, ...], words: str) -> None:
    refused(touchstone, touchstone.run("-k", "conformance and eager", *arguments), words)


def test_a_mistyped_option(touchstone: Touchstone) -> None:
    result = touchstone.run("--bakend", "eager")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*unrecognized arguments: --bakend*"])


def _no_config(model: Path) -> None:
    (model / "config.json").unlink()


def _truncated(model: Path) -> None:
    file = model / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])


def _pickle_only(model: Path) -> None:
    (model / "model.safetensors").rename(model / "pytorch_model.bin")


def _no_task(model: Path) -> None:
    _change_config(model, architectures=["ViTForImageClassification"])


def _mistyped_architecture(model: Path) -> None:
    _change_config(model, architectures=["DistilBertForSequenceClasification"])


def _change_config(model: Path, **values: object) -> None:
    file = model / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_no_config, "has no config.json"),
        (_truncated, "is truncated or damaged"),
        (_pickle_only, "as pickle alone"),
        (_no_task, "no task takes that"),
        (_mistyped_architecture, "Did its config mean 'DistilBertForSequenceClassification'?"),
        (shutil.rmtree, "did you mean"),
    ],
)
def test_a_model_that_is_none(touchstone: Touchstone, tasks: Path, spoil: Callable[[Path], None], words: str) -> None:
    models = touchstone.pytester.path / "models"
    shutil.copytree(tasks / "miniatures" / "shipped" / "tiny", models / "mine")
    (models / "mime").mkdir()
    spoil(models / "mine")
    refused(touchstone, touchstone.run(*EAGER, "--model", str(models / "mine")), words)


@pytest.mark.parametrize("lines", ["not json", '{"input": "red"}', ""])
def test_samples_that_are_none(touchstone: Touchstone, lines: str) -> None:
    (touchstone.pytester.path / "own.jsonl").write_text(lines)
    refused(touchstone, touchstone.run(*EAGER, "--samples", "own.jsonl"), "--samples")


def test_two_models_of_one_name(touchstone: Touchstone, tasks: Path) -> None:
    for parent in ("a", "b"):
        shutil.copytree(tasks / "miniatures" / "shipped" / "tiny", touchstone.pytester.path / parent / "mine")
    both = touchstone.run("--co", "--model", "a/mine", "--model", "b/mine", *EAGER)
    both.stdout.fnmatch_lines(["*colour-naming/a--mine/eager*", "*colour-naming/b--mine/eager*"])
    again = touchstone.run("--co", "--model", "a/mine", "--model", "a/mine", *EAGER)
    again.stdout.fnmatch_lines(["cells: 1 selected, *"])


def test_a_tampered_miniature_costs_its_own_cells(
    touchstone: Touchstone, tasks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in list(REGISTRY):
        if name not in ("eager", "bf16"):
            monkeypatch.delitem(REGISTRY, name)
    _truncated(tasks / "miniatures" / "shipped" / "tiny")
    result = touchstone.run("-k", "conformance")
    assert result.ret == 6
    result.assert_outcomes(errors=2, deselected=5)
    result.stdout.fnmatch_lines(["*/eager: error: *model.safetensors is truncated or damaged: *"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_a_label_that_the_model_cannot_answer(touchstone: Touchstone) -> None:
    rows = [{"input": "red green", "truth": "ONE"}, {"input": "blue large", "truth": "THIRD"}]
    (touchstone.pytester.path / "own.jsonl").write_text("\n".join(map(json.dumps, rows)))
    result = touchstone.run(*EAGER, "--samples", "own.jsonl", "-k", "accuracy")
    assert result.ret in (4, 6)
    result.stdout.fnmatch_lines(["*--samples for colour-naming, sample *THIRD*"])


# Places where nothing can be written.


def _without_root_rights() -> None:
    """Drop root's right to write everywhere; takes effect when the child's program starts (Linux)."""
    if sys.platform == "linux":
        for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
            ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP


def start(touchstone: Touchstone, *arguments: str) -> subprocess.CompletedProcess[str]:
    """As a user would, without the rights of root."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *touchstone._arguments(arguments)],
        cwd=touchstone.pytester.path, capture_output=True, text=True, check=False, preexec_fn=_without_root_rights,
    )  # fmt: skip


def test_no_permission_to_write_results(touchstone: Touchstone) -> None:
    locked = touchstone.pytester.path / "locked"
    locked.mkdir(mode=0o500)
    done = start(touchstone, "-k", "conformance and eager", "--results", "locked/results")
    assert done.returncode == 4, done.stdout + done.stderr
    assert f"ERROR: Cannot write results to {locked / 'results'} (Permission denied)" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_results_that_are_a_file(touchstone: Touchstone) -> None:
    (touchstone.pytester.path / "results.txt").write_text("")
    result = touchstone.run("-k", "conformance and eager", "--results", "results.txt")
    refused(touchstone, result, "results.txt (Not a directory): name a writable folder")


@pytest.mark.parametrize("left", [0, 8192], ids=["none", "for-the-conditions"])
def test_no_space_for_results(touchstone: Touchstone, small_disk: Path, left: int) -> None:
    filling = small_disk / "filling"
    results = small_disk / "results"
    results.mkdir()
    free = os.statvfs(small_disk)
    filling.write_bytes(bytes(free.f_bavail * free.f_frsize - left))
    done = start(touchstone, "-k", "conformance or accuracy", *EAGER, "--results", str(results))
    text = done.stdout + done.stderr
    assert "Traceback" not in text
    assert "INTERNALERROR" not in text
    assert done.returncode == 4, text
    assert "No space left on device" in text

    filling.unlink()
    if any(results.glob("*/run.json")):
        again = start(touchstone, "-k", "conformance or accuracy", *EAGER, "--results", str(results), "--resume=latest")
        assert again.returncode == 0, again.stdout + again.stderr
        assert "2 passed" in again.stdout
