"""Speed-ups, fronts and comparisons with known answers."""

from __future__ import annotations

from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from suite.analysis import between_runs
from suite.analysis.frames import load
from suite.analysis.speedup import adjusted, pareto_front, speedups, without_reference
from suite.core.cell import Status
from suite.records.run_folder import RunFolder
from suite.report import write_report
from suite.tests.support.synthetic_run import CONDITIONS, SPEED, cell, write_run


def test_a_known_speedup_is_recovered(tmp_path: Path) -> None:
    _, samples, _ = load([write_run(tmp_path, capabilities=["sentiment-analysis"], cycles=16)])
    table = speedups(samples).set_index("backend")
    assert set(table.index) == set(SPEED) - {"eager", "noop"}
    for backend, row in table.iterrows():
        truth = SPEED[str(backend)]
        assert row["speedup"] == pytest.approx(truth, rel=0.03)
        assert row["low"] * 0.99 <= truth <= row["high"] * 1.01
        assert row["low"] <= row["speedup"] <= row["high"]
        assert row["p_adjusted"] < 0.01
        assert row["cycles"] == 16


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    generator = np.random.default_rng(7)
    covered = 0
    for _ in range(60):
        drift = generator.lognormal(0, 0.3, 20)
        rounds = {"eager": 2.0 * drift, "onnx": drift * generator.lognormal(0, 0.05, 20)}
        row = speedups(_samples(rounds)).iloc[0]
        covered += bool(row["low"] <= 2.0 <= row["high"])
    assert covered >= 51


def test_pairing_by_cycle_removes_drift() -> None:
    drift = np.linspace(1, 5, 12)
    table = speedups(_samples({"eager": 3 * drift, "onnx": drift}))
    assert table["low"].item() == pytest.approx(3)
    assert table["high"].item() == pytest.approx(3)


def test_no_difference_is_not_significant() -> None:
    rounds = np.ones(10)
    row = speedups(_samples({"eager": rounds, "onnx": rounds})).iloc[0]
    assert row["speedup"] == 1
    assert row["p"] == 1


def test_one_cycle_permits_no_interval() -> None:
    row = speedups(_samples({"eager": np.array([2.0]), "onnx": np.array([1.0])})).iloc[0]
    assert row["speedup"] == 2
    assert np.isnan([row["low"], row["high"], row["p"], row["p_adjusted"]]).all()


def test_without_a_reference_there_is_no_speedup() -> None:
    assert speedups(_samples({"onnx": np.ones(3)})).empty


def test_checkpoints_and_runs_are_not_mixed() -> None:
    samples = pd.concat(
        [_samples({"eager": np.full(3, 4.0), "onnx": np.full(3, 2.0)}, checkpoint="a"),
         _samples({"eager": np.full(3, 9.0), "onnx": np.full(3, 3.0)}, checkpoint="b"),
         _samples({"eager": np.full(3, 5.0), "onnx": np.full(3, 1.0)}, checkpoint="a", run="other")]
    )  # fmt: skip
    table = speedups(samples).set_index(["run", "checkpoint"])["speedup"]
    assert table.to_dict() == {("run", "a"): 2, ("run", "b"): 3, ("other", "a"): 5}


def test_a_cell_that_a_later_session_measured_alone_is_not_paired_with_the_first(tmp_path: Path) -> None:
    run = RunFolder(write_run(tmp_path, capabilities=["sentiment-analysis"], backends=[], cycles=6))
    for backend, latency, beside in (("eager", 8.0, 8.0), ("onnx", 4.0, 8.0), ("int8", 2.0, None)):
        rounds = [{"cycle": i, "order": 0, "latency_ms": [latency], "reference_ms": beside} for i in range(6)]
        run.append_rounds(cell(backend=backend), rounds)
        run.append(cell(backend=backend), "latency", Status.PASSED, "", {"latency_p50_ms": latency})
    _, samples, _ = load([run.path])
    table = speedups(samples)
    assert dict(zip(table["backend"], table["speedup"], strict=True)) == {"onnx": 2.0}
    assert without_reference(samples, table) == 1
    assert "1 cell was timed without eager at" in unescape(write_report([run.path], run.path).read_text())


def test_a_cell_is_paired_with_the_reference_of_its_own_group(tmp_path: Path) -> None:
    """Where memory is short a checkpoint is measured in groups: eager in each, of which the first is recorded."""
    run = RunFolder(write_run(tmp_path, capabilities=["sentiment-analysis"], backends=[], cycles=6))
    for backend, latency, beside in (("eager", 8.0, 8.0), ("onnx", 4.0, 16.0)):
        rounds = [{"cycle": i, "order": 0, "latency_ms": [latency], "reference_ms": beside} for i in range(6)]
        run.append_rounds(cell(backend=backend), rounds)
    assert speedups(load([run.path])[1])["speedup"].tolist() == [4.0]


def _samples(rounds: dict[str, np.ndarray], checkpoint: str = "model", run: str = "run") -> pd.DataFrame:
    return pd.DataFrame([
        {"run": run, "cell": f"task/{checkpoint}/{backend}", "capability": "task", "checkpoint": checkpoint,
         "backend": backend, "cycle": cycle, "latency_ms": value, "reference_ms": np.nan}
        for backend, values in rounds.items() for cycle, value in enumerate(values)
    ])  # fmt: skip


def test_pareto_front() -> None:
    cells = pd.DataFrame(
        [
            ("fast", 1.0, 0.80, "passed", True),
            ("middle", 2.0, 0.90, "passed", True),
            ("twin of middle", 2.0, 0.90, "passed", True),
            ("beaten", 3.0, 0.90, "passed", False),
            ("worse", 2.5, 0.85, "passed", False),
            ("right", 9.0, 0.95, "passed", True),
            ("failed", 0.5, 0.99, "failed", False),
            ("noop", 0.001, 1.00, "passed", False),
            ("unmeasured", np.nan, 0.99, "passed", False),
        ],
        columns=["backend", "latency_p50_ms", "accuracy", "status", "front"],
    )
    assert list(pareto_front(cells)) == list(cells["front"])


def test_correction_ignores_what_was_not_tested() -> None:
    assert np.isnan(adjusted(np.array([np.nan]))).all()
    np.testing.assert_allclose(adjusted(np.array([0.01, np.nan, 0.04])), [0.02, np.nan, 0.04])


def test_two_runs_permit_a_ratio_and_no_test(tmp_path: Path) -> None:
    runs = [write_run(tmp_path, name, cycles=2, slower=slow) for name, slow in (("a", 2.0), ("b", 1.0))]
    cells, _, conditions = load(runs)
    a, b = between_runs.group_runs(conditions)
    table = between_runs.compare(cells, a, b)
    assert table["speedup"].between(1.8, 2.2).all()
    assert table[["low", "high", "p", "p_adjusted"]].isna().all().all()
    assert "permits no test" in between_runs.explain_test(a, b)
    assert "noop" not in set(table["backend"])


def test_enough_runs_are_tested(tmp_path: Path) -> None:
    other = {**CONDITIONS, "libraries": {"torch": "2.10.0"}}
    only: dict[str, Any] = {"capabilities": ["sentiment-analysis"], "backends": ["eager", "onnx"], "cycles": 2}
    runs = [write_run(tmp_path, f"a{i}", seed=i, **only) for i in range(4)]
    runs += [write_run(tmp_path, f"b{i}", seed=9 + i, slower=0.5, conditions=other, **only) for i in range(4)]
    cells, _, conditions = load(runs)
    a, b = between_runs.group_runs(conditions)
    assert (a.runs, b.runs) == (("a0", "a1", "a2", "a3"), ("b0", "b1", "b2", "b3"))
    table = between_runs.compare(cells, a, b)
    assert table["p_adjusted"].max() == pytest.approx(2 / 70)
    assert ((table["low"] <= 2.0) & (table["high"] >= 2.0)).all()


def test_three_runs_a_side_are_too_few() -> None:
    a, b = between_runs.Group("A", ("1", "2", "3")), between_runs.Group("B", ("4", "5", "6"))
    assert between_runs.smallest_p(3, 3) == pytest.approx(0.1)
    assert "smallest p value they can reach is 0.1" in between_runs.explain_test(a, b)


def test_repeats_are_one_group(tmp_path: Path) -> None:
    only: dict[str, Any] = {"capabilities": ["translation"], "backends": ["eager"], "cycles": 2}
    runs = [
        write_run(tmp_path, f"r{i}", conditions={**CONDITIONS, "load_before": [float(i)]}, **only) for i in range(3)
    ]
    assert [group.runs for group in between_runs.group_runs(load(runs)[2])] == [("r0", "r1", "r2")]
