"""What the harness's own tests share."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pandas as pd
import pytest

# pytester forgets what a run inside a test has imported, and half of matplotlib twice is none.
import suite.report.imports  # noqa: F401
from suite.backends.shared.onnx import library
from suite.processes.forkserver import Forkserver
from suite.records.run_folder import RunFolder
from suite.tests.support.tiny import make_tasks

HERE = Path(__file__).parent
MARKED = {
    "slow": (
        "backends/", "course/attacks/", "course/sandbox/", "course/stand_ins/checkpoints/",
        "course/stand_ins/hub/test_server.py", "course/stand_ins/services/", "course/test_course.py",
        "course/test_own_course.py", "executors/",
        "pages/test_commands.py", "plugin/test_again.py", "plugin/test_comparing.py",
        "plugin/test_interrupts.py", "plugin/test_outcomes.py", "plugin/test_own_models.py",
        "plugin/test_resume.py",
        "plugin/test_selection.py", "run/test_planted_faults.py", "run/test_ahead.py", "task/test_miniatures.py",
        "test_constraints.py", "test_windows.py", "worker/test_build_cache.py",
    ),
    "walls": (
        "course/attacks/", "course/sandbox/", "course/test_course.py", "course/test_own_course.py",
        "plugin/test_interrupts.py",
    ),
    "network": (
        "course/attacks/", "course/sandbox/", "course/stand_ins/hub/", "course/stand_ins/services/",
        "course/stand_ins/test_web.py",
        "course/test_course.py", "course/test_own_course.py", "subjects/test_hub.py", "subjects/test_hub_samples.py",
        "test_constraints.py",
    ),
    "quiet": (
        "executors/", "measure/", "plugin/test_benchmark.py", "run/test_interleaving.py",
        "run/test_planted_faults.py",
    ),
}  # fmt: skip
"""The markers of pyproject.toml, by the folders and modules whose tests have them."""


def pytest_itemcollected(item: pytest.Item) -> None:
    """Give a test the markers of its folder or module."""
    module = item.path.relative_to(HERE).as_posix() if item.path.is_relative_to(HERE) else ""
    for marker, beginnings in MARKED.items():
        if module.startswith(beginnings):
            item.add_marker(marker)


@pytest.fixture(scope="session", autouse=True)
def _imported_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    """pytester forgets what was imported inside it, and pyarrow's extension types cannot be registered twice."""
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path_factory.mktemp("parquet") / "once.parquet")


@pytest.fixture(autouse=True)
def _registry_in_order() -> Iterator[None]:
    """A line that monkeypatch takes out of the registry comes back at its end; the order belongs to the registry."""
    from suite.backends import REGISTRY

    lines = dict(REGISTRY)
    yield
    REGISTRY.clear()
    REGISTRY.update(lines)


@pytest.fixture(autouse=True)
def _no_worker_of_xdist(monkeypatch: pytest.MonkeyPatch) -> None:
    """By this variable pytest-benchmark turns itself off, in the runs inside a test too."""
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)


@pytest.fixture(scope="session")
def _tiny_tasks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tasks(tmp_path_factory.mktemp("tiny") / "tasks")


@pytest.fixture
def tasks(_tiny_tasks: Path, tmp_path: Path) -> Path:
    """A tasks folder of the test's own, to damage as it likes."""
    return Path(shutil.copytree(_tiny_tasks, tmp_path / "tasks"))


class Touchstone:
    """pytest with the plugin on a tiny tasks folder, run inside the test."""

    def __init__(self, pytester: pytest.Pytester, tasks: Path) -> None:
        self.pytester, self.tasks = pytester, tasks

    def _arguments(self, arguments: tuple[str, ...]) -> list[str]:
        fixed = [
            "-p",
            "suite.plugin",
            "--tasks",
            str(self.tasks),
            "--import-mode=importlib",
            "--budget",
            "0.05",
            "--threads",
            "1",
        ]
        paths = [] if any(str(self.tasks) in argument for argument in arguments[:1]) else [str(self.tasks)]
        return [*fixed, *arguments, *paths]

    def run(self, *arguments: str) -> pytest.RunResult:
        """In this process: the registry may be monkeypatched."""
        return self.pytester.runpytest_inprocess(*self._arguments(arguments))

    def run_apart(self, *arguments: str) -> pytest.RunResult:
        """In a process of its own, as a user would."""
        return self.pytester.runpytest_subprocess(*self._arguments(arguments))

    @property
    def folder(self) -> RunFolder:
        """The folder of the latest run."""
        return RunFolder((self.pytester.path / "results" / "latest").resolve())

    def statuses(self) -> dict[tuple[str, str], str]:
        """(backend, check) -> status, of the latest run."""
        return {(row["backend"], row["check"]): row["status"] for row in self.folder.rows()}

    def reasons(self) -> dict[tuple[str, str], str]:
        """(backend, check) -> reason, of the latest run."""
        return {(row["backend"], row["check"]): row["reason"] for row in self.folder.rows()}


PRELOADED = {
    *("AutoConfig", "AutoModelForSequenceClassification", "AutoTokenizer", "DistilBertForSequenceClassification"),
    *("suite.worker.main:", "suite.backends.eager:", "suite.backends.int8:", "suite.backends.onnx:"),
    *(
        "suite.backends.onnx_int8:",
        "suite.tests.support.faulty_backends:",
        "suite.tests.support.reporting_backends:",
        *library.preload(),
    ),
}


def _serves_many_tests(names: Iterable[str], threads: int, log: Path, tasks: Iterable[Path]) -> Forkserver:
    return Forkserver({*names, *PRELOADED}, threads, log)


@pytest.fixture
def touchstone(pytester: pytest.Pytester, tasks: Path, monkeypatch: pytest.MonkeyPatch) -> Touchstone:
    """Run pytest inside pytest, without the seconds that a report takes, and with one forkserver for many tests.

    A forkserver that knew the tasks would be of no use to the next test, which has a folder of its own.
    """
    monkeypatch.setattr("suite.report.write_report", lambda folders, into, **_: into / "report.html")
    monkeypatch.setattr("suite.run.worker_starter.Forkserver", _serves_many_tests)
    return Touchstone(pytester, tasks)


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Add a backend to the registry for one test."""
    from suite.backends import REGISTRY

    def add(name: str, reference: str) -> None:
        monkeypatch.setitem(REGISTRY, name, reference)

    return add


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KB."""
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(place)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small file system can only be mounted by root")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.fixture
def noise_is_no_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no latency be unstable: for tests of something else, on a machine that may be busy."""
    monkeypatch.setattr("suite.measure.latency.UNSTABLE_ABOVE", 100.0)
