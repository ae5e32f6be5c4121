"""Which cells a capability that trains has, and why some cannot run."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from suite.core.settings import Settings
from suite.run import plan
from suite.run.plan import Planned
from suite.task.discovery import load_tasks, tasks_root

SETTINGS = Settings(
    capabilities=(), backends=(), models=(), weights="miniature", samples=None, device="cpu", threads=1, batch_size=1,
    budget=0.5, cell_timeout=300.0, results=Path("results"), resume=None, strict=False, isolate=True,
    tasks=tasks_root(),
)  # fmt: skip


def planned(**changes: str) -> list[Planned]:
    entries = plan.plan(dataclasses.replace(SETTINGS, **changes), load_tasks(tasks_root()))  # type: ignore[arg-type]
    return [entry for entry in entries if entry.cell.work == "training"]


def backends(capability: str) -> list[str]:
    return [entry.cell.backend for entry in planned() if entry.cell.capability == capability]


def test_a_capability_has_the_methods_that_it_takes() -> None:
    assert backends("fine-tuning") == ["eager", "bf16", "compile", "checkpointing", "adafactor"]
    assert backends("lora") == ["eager", "lora-2", "lora-8", "lora-32"]


def test_a_step_takes_the_schedule_s_batch_and_is_prepared() -> None:
    assert {entry.cell.batch_size for entry in planned()} == {32}
    assert all(entry.builds for entry in planned())


def test_checks_of_answering_and_training_are_apart() -> None:
    by_cell = {entry.cell.backend: entry.checks for entry in planned() if entry.cell.capability == "lora"}
    common = ("conformance", "accuracy", "learns", "reproducible", "resumes")
    assert by_cell["eager"] == (*common, "keeps", "latency")
    assert by_cell["lora-8"] == (*common, "adapter", "keeps", "latency")
    everything = plan.plan(SETTINGS, load_tasks(tasks_root()))
    assert not any({"learns", "keeps"} & set(entry.checks) for entry in everything if entry.cell.work == "inference")


def test_random_weights_are_timed_and_not_judged() -> None:
    assert not any({"learns", "accuracy", "keeps"} & set(entry.checks) for entry in planned(weights="random"))


@pytest.mark.parametrize(
    ("absent", "backend", "words"),
    [
        ("accelerate", "eager", 'training needs accelerate: pip install "touchstone-bench[training]"'),
        ("peft", "lora-8", "training needs peft"),
        ("peft", "eager", None),
    ],
)
def test_what_is_not_installed_is_named(
    monkeypatch: pytest.MonkeyPatch, absent: str, backend: str, words: str | None
) -> None:
    monkeypatch.setattr(plan, "find_spec", lambda name: None if name == absent else object())
    reasons = {entry.cell.backend: entry.reason for entry in planned() if entry.cell.capability == "lora"}
    assert reasons[backend] is None if words is None else words in (reasons[backend] or "")


def test_one_gpu_of_several_is_chosen_elsewhere() -> None:
    assert all("CUDA_VISIBLE_DEVICES" in (entry.reason or "") for entry in planned(device="cuda:1"))
    assert not any("CUDA_VISIBLE_DEVICES" in (entry.reason or "") for entry in planned(device="cuda"))
