"""pytest-benchmark sees what the workers measured; and one run as a user starts it, looked at from all sides."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from suite.backends import REGISTRY
from suite.plugin.benchmark_clock import MOST, ReplayClock, replay
from suite.tests.conftest import Touchstone
from suite.tests.support.reporting_backends import reference_to

BLOCK = "colour-naming/tiny-distilbert"
TOKEN = "hf_PlantedTokenOfNobody"
USER = "jane-q-public"
QUIET = "suite.measure.latency.UNSTABLE_ABOVE = 100"
HEAVY = ("torch", "transformers", "onnxruntime")


@pytest.mark.usefixtures("noise_is_no_matter")
def test_its_json_autosave_and_comparison(touchstone: Touchstone, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(REGISTRY):
        if name not in ("eager", "noop"):
            monkeypatch.delitem(REGISTRY, name)
    file = touchstone.pytester.path / "benchmark.json"
    touchstone.run("-k", "latency", f"--benchmark-json={file}", "--benchmark-autosave").assert_outcomes(
        passed=2, deselected=2
    )
    measured = {
        backend: [ms for row in touchstone.folder.rounds() if row["cell"].endswith(backend) for ms in row["latency_ms"]]
        for backend in ("eager", "noop")
    }
    saved = json.loads(file.read_text())
    assert "node" not in saved["machine_info"]
    benchmarks = {entry["extra_info"]["cell"]: entry for entry in saved["benchmarks"]}
    eager, noop = benchmarks[f"{BLOCK}/eager"], benchmarks[f"{BLOCK}/noop"]
    assert [seconds * 1000 for seconds in eager["stats"]["data"]] == pytest.approx(
        thinned(measured["eager"]), rel=1e-3, abs=1e-5
    )
    assert eager["stats"]["rounds"] == len(thinned(measured["eager"]))
    assert 0 < noop["stats"]["rounds"] <= MOST
    assert (eager["group"], noop["group"]) == (BLOCK, "the harness itself")

    kept = list((touchstone.pytester.path / ".benchmarks").glob("*/0001_*.json"))
    assert len(kept) == 1
    assert "node" not in json.loads(kept[0].read_text())["machine_info"]
    compared = touchstone.run("-k", "latency and eager", "--benchmark-compare=0001")
    compared.assert_outcomes(passed=1, deselected=3)
    compared.stdout.fnmatch_lines_random(
        [f"test_latency[[]{BLOCK}/eager] (0001_*", f"test_latency[[]{BLOCK}/eager] (NOW)*"]
    )


def test_no_folder_is_left_where_pytest_was_called_but_one_that_is_asked_for(touchstone: Touchstone) -> None:
    touchstone.run("--co", "-q")
    assert not (touchstone.pytester.path / ".benchmarks").exists()
    touchstone.run("--co", "-q", "--benchmark-storage=kept")
    assert (touchstone.pytester.path / "kept").is_dir()


def thinned(durations: list[float]) -> list[float]:
    return durations[:: -(-len(durations) // MOST)]


class _Recorder:
    """Calls what it is given as pytest-benchmark's `pedantic` does, with the clock of the replay."""

    def __init__(self, clock: ReplayClock) -> None:
        self.clock, self.seen = clock, list[float]()

    def pedantic(self, target: object, rounds: int, iterations: int) -> None:
        assert callable(target)
        assert iterations == 1
        for _ in range(rounds):
            before = self.clock()
            target()
            self.seen.append(self.clock() - before)


@pytest.mark.parametrize("count", [0, 1, MOST, MOST + 1, 3 * MOST])
def test_the_replay_is_exact_and_evenly_thinned(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = ReplayClock()
    monkeypatch.setattr("suite.plugin.benchmark_clock.clock", clock)
    recorder = _Recorder(clock)
    durations = [float(i + 1) for i in range(count)]
    replay(recorder, durations)
    assert recorder.seen == (thinned(durations) if count else [])
    assert len(recorder.seen) <= MOST


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    """A run in a process of its own, isolated, with its report, in the home of a user who has a token."""
    from suite.tests.support.tiny import make_tasks

    home = tmp_path_factory.mktemp("people") / USER
    home.mkdir()
    tasks = make_tasks(home / "tasks")
    names = ("two-threads", "chatty", "tells-secrets", "nowhere")
    lines = [f"REGISTRY[{name!r}] = {reference_to(name)!r}" for name in names]
    hook = (
        "def pytest_unconfigure(config):\n"
        f"    print('HEAVY', [name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)\n"
    )
    (home / "registering.py").write_text(
        "\n".join(
            ["import sys", "import suite.measure.latency", "from suite.backends import REGISTRY", QUIET, *lines, hook]
        )
    )
    environment = {**os.environ, "HF_TOKEN": TOKEN, "HOME": str(home), "USER": USER, "LOGNAME": USER}
    arguments = ("-p", "suite.plugin", "-p", "registering", "--tasks", str(tasks), "--import-mode=importlib")
    options = ("--budget", "0.05", "--threads", "2", "--junitxml=junit.xml", "--benchmark-json=benchmark.json")
    chosen = [word for name in ("eager", *names) for word in ("--backend", name)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments, *options, *chosen, str(tasks)],
        cwd=home, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 6, done.stdout + done.stderr
    return done, home


def rows_of(home: Path) -> list[dict[str, object]]:
    text = (home / "results" / "latest" / "cells.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def test_pytests_own_process_imports_nothing_heavy(
    whole_run: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    assert "HEAVY []" in whole_run[0].stderr.splitlines()


def test_two_threads_work_in_a_forked_child(whole_run: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    rows = [row for row in rows_of(whole_run[1]) if row["backend"] == "two-threads"]
    assert {row["check"]: row["status"] for row in rows}["conformance"] == "passed"
    notes = rows[0]["notes"]
    assert isinstance(notes, dict)
    assert notes["asked"] == 2
    assert notes["there"] >= 2
    assert notes["product"] == 600.0


def test_no_token_user_or_host_is_written(whole_run: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    done, home = whole_run
    reasons = {str(row["reason"]) for row in rows_of(home) if row["backend"] == "tells-secrets"}
    assert any("token <secret> home ~ host <host>" in reason for reason in reasons), reasons
    files = [path for path in (home / "results").rglob("*") if path.is_file()]
    assert {"cells.jsonl", "samples.jsonl", "run.json", "log.txt", "cells.csv", "cells.parquet", "report.html"} <= {
        path.name for path in files
    }
    host = re.compile(rf"(?<![\w.-]){re.escape(platform.node())}(?![\w-])".encode())
    for path in [*files, home / "benchmark.json"]:
        content = path.read_bytes()
        assert TOKEN.encode() not in content, path
        if path.suffix != ".png":
            assert not host.search(content), path
        if path.parent != home:
            assert USER.encode() not in content, path
    assert TOKEN not in done.stdout + done.stderr + (home / "junit.xml").read_text()


def test_no_value_of_the_csv_reads_as_missing(whole_run: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    file = whole_run[1] / "results" / "latest" / "cells.csv"
    plain, literal = pd.read_csv(file), pd.read_csv(file, keep_default_na=False, dtype=str)
    assert len(plain) == 5
    assert (plain.isna() == (literal == "")).all().all()
    assert dict(zip(plain["backend"], plain["status"], strict=True)) == {
        "eager": "passed", "two-threads": "passed", "chatty": "passed", "tells-secrets": "error",
        "nowhere": "unsupported",
    }  # fmt: skip


def test_chatter_goes_to_the_log(whole_run: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    done, home = whole_run
    assert "PLANTED-CHATTER" in (home / "results" / "latest" / "log.txt").read_text()
    assert "PLANTED-CHATTER" not in done.stdout + done.stderr
