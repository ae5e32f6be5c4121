"""The doctor finds what was taken away, says what to do, and keeps quiet about what nobody needs."""

from __future__ import annotations

import shutil
from collections import namedtuple
from importlib.metadata import PackageNotFoundError, version

import psutil
import pytest

from suite.cli import doctor
from suite.cli.doctor import Finding, findings, print_findings


def found(subject: str) -> Finding:
    return next(finding for finding in findings() if finding.subject == subject)


@pytest.fixture(autouse=True)
def light(monkeypatch: pytest.MonkeyPatch) -> None:
    """Libraries that are imported at once, and a machine with room that does nothing else."""
    monkeypatch.setattr(doctor, "HEAVY", ("packaging",))
    monkeypatch.setattr(psutil, "getloadavg", lambda: (0.0, 0.0, 0.0))
    monkeypatch.setattr(doctor, "NEEDED_MB", 0)
    monkeypatch.setattr(doctor, "NEEDED_DISK_MB", 0)


def test_here_the_default_matrix_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert print_findings() == 0
    printed = capsys.readouterr().out
    assert "backend eager" in printed
    assert "\n! " not in printed


def test_a_package_that_is_missing_or_too_old(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def other(name: str) -> str:
        if name == "jiwer":
            raise PackageNotFoundError(name)
        return "1.0" if name == "pytest" else version(name)

    monkeypatch.setattr(doctor, "version", other)
    finding = found("packages")
    assert finding.is_serious
    assert finding.lack is not None
    assert "jiwer is missing" in finding.lack
    assert "pytest is 1.0, and >=8.3 is wanted" in finding.lack
    assert print_findings() == 1
    assert "! packages: jiwer is missing" in capsys.readouterr().out


def test_an_extra_that_nobody_installed_is_no_lack(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_of_gpu(name: str) -> str:
        if name in ("onnxruntime-gpu", "nvidia-ml-py"):
            raise PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(doctor, "version", none_of_gpu)
    finding = found("packages of the extra gpu")
    assert finding.lack is None
    assert "pip install 'touchstone-bench[gpu]'" in finding.found


def test_a_library_that_cannot_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "HEAVY", ("no_such_library",))
    finding = found("no_such_library")
    assert finding.is_serious
    assert "No module named" in (finding.lack or "")


def test_a_backend_does_not_run_without_its_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "HEAVY", ("torch", "transformers", "onnxruntime"))
    for broken, idle in {"torch": {"eager", "onnx"}, "onnxruntime": {"onnx"}}.items():
        lacks = {broken: "..."}
        monkeypatch.setattr(doctor, "_import", lambda name, lacks=lacks: Finding(name, "1.0", lacks.get(name)))
        told = {f.subject.removeprefix("backend "): f for f in findings() if f.subject.startswith("backend ")}
        assert {name for name in ("eager", "onnx") if told[name].found == f"does not run without {broken}"} == idle
        assert all(told[name].lack is None for name in idle)


def test_without_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    assert "compiler" in (found("backend compile").lack or "")


def test_little_room_and_company(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "NEEDED_MB", 1e12)
    monkeypatch.setattr(doctor, "NEEDED_DISK_MB", 1e12)
    monkeypatch.setattr(psutil, "getloadavg", lambda: (100.0, 0.0, 0.0))
    for subject in ("free memory", "disk of the cache", "disk of the temporary files", "load"):
        finding = found(subject)
        assert finding.lack, subject
        assert not finding.is_serious


def test_memory_is_what_is_available(monkeypatch: pytest.MonkeyPatch) -> None:
    Memory = namedtuple("Memory", ["available"])
    monkeypatch.setattr(psutil, "virtual_memory", lambda: Memory(3e9))
    monkeypatch.setattr(doctor, "NEEDED_MB", 4000)
    assert found("free memory").found == "3.0 GB"
    assert found("free memory").lack
