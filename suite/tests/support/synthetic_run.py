"""Runs with known truth for the tests of the report, written through `suite.records` so that the schema is shared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from suite.core.cell import Cell, Status
from suite.records.run_folder import RunFolder

CHECKPOINTS = {
    "sentiment-analysis": ("distilbert-sst2", "DistilBertForSequenceClassification", 11.0),
    "named-entity-recognition": ("bert-ner", "BertForTokenClassification", 31.0),
    "text-generation": ("gpt2", "GPT2LMHeadModel", 240.0),
    "translation": ("t5-small", "T5ForConditionalGeneration", 180.0),
    "sentence-similarity": ("all-MiniLM-L6-v2", "BertModel", 6.0),
}
SPEED = {
    "eager": 1.0, "fp16": 0.35, "bf16": 0.8, "int8": 1.35, "compile": 1.25, "onnx": 1.9, "onnx-int8": 3.1, "noop": 9e4,
}  # fmt: skip
"""How many times faster than eager each backend is made."""
LOSS = {"fp16": 0.0, "bf16": 0.002, "int8": 0.008, "onnx-int8": 0.02}
GENERATIVE = ("text-generation", "translation")

CONDITIONS = {
    "run": "2026-01-05T10-00-00", "touchstone": "0.1.0", "started": "2026-01-05T10:00:00+00:00",
    "finished": "2026-01-05T10:07:41+00:00", "weights": "miniature", "device": "cpu", "threads": 2, "batch_size": 1,
    "seed": 0, "strict": False, "budget_s": 20.0, "python": "3.11.9", "platform": "Linux-6.1-x86_64",
    "cpu": {"name": "Example CPU 3000", "physical_cores": 2, "logical_cores": 2, "flags": ["avx2", "avx512f"]},
    "memory_gb": 15.6, "gpu": None,
    "libraries": {"torch": "2.9.1", "transformers": "5.23.0", "onnxruntime": "1.23.2", "scipy": "1.17.1"},
    "git_revision": "c4a0fbd1c2", "git_dirty": False, "affinity": [0, 1], "load_before": [0.1, 0.2, 0.3],
    "load_after": [1.9, 1.2, 0.6], "power": {"governor": "performance"}, "options": {"backend": ["eager", "onnx"]},
    "selected": 40, "deselected": 0, "wall_s": 461.2, "exit_status": 1, "outcomes": {"passed": 33, "failed": 2},
}  # fmt: skip


def cell(capability: str = "sentiment-analysis", backend: str = "eager", **changes: Any) -> Cell:
    """One cell of the synthetic run."""
    checkpoint, architecture, _ = CHECKPOINTS.get(capability, ("some-model", "SomeModel", 10.0))
    fields: dict[str, Any] = {
        "capability": capability, "modality": "text", "checkpoint": checkpoint, "checkpoint_id": f"hub/{checkpoint}",
        "revision": "0123456789abcdef0123456789abcdef01234567", "weights": "miniature", "architecture": architecture,
        "backend": backend, "device": "cpu", "dtype": "float32", "batch_size": 1, "threads": 2,
    }  # fmt: skip
    return Cell(**(fields | changes))


def write_run(
    results: Path, name: str = "run", *, capabilities: Sequence[str] = tuple(CHECKPOINTS),
    backends: Sequence[str] = tuple(SPEED), cycles: int = 10, slower: float = 1.0, seed: int = 0,
    conditions: Mapping[str, Any] = CONDITIONS,
) -> Path:  # fmt: skip
    """A whole run: latencies with heavy tails and drift, two failures, unsupported and unmeasurable cells, notes."""
    run = RunFolder.create(results, name)
    run.write_conditions({**conditions, "run": name})
    generator = np.random.default_rng(seed)
    for capability in capabilities:
        base = CHECKPOINTS[capability][2] * slower * generator.lognormal(0, 0.02)
        drift = generator.lognormal(0, 0.08, cycles)
        for order, backend in enumerate(backends):
            _write_cell(run, cell(capability, backend), base, drift, order=order, generator=generator)
    return run.path


def _write_cell(
    run: RunFolder, this: Cell, base: float, drift: np.ndarray, *, order: int, generator: np.random.Generator
) -> None:
    if (this.capability, this.backend) in UNUSUAL:
        status, reason = UNUSUAL[this.capability, this.backend]
        run.append(this, "conformance", status, reason, {"wall_s": 0.1})
        return
    accuracy = 0.93 - LOSS.get(this.backend, 0.0) * generator.uniform(0.5, 1.5)
    kept = accuracy / 0.93
    if this.backend != "noop":
        loaded = {"load_s": 0.4, "prepare_s": 0.12, "build_s": 7.5 if "onnx" in this.backend else None, "wall_s": 1.0}
        noted = {"notes": {"unquantized": "2 of 38 linear layers stay in float32: classifier, pre_classifier"}}
        run.append(this, "conformance", Status.PASSED, "", loaded | (noted if this.backend == "int8" else {}))
        status, reason = (Status.PASSED, "") if kept > 0.975 else (
            Status.FAILED, f"{this.id} keeps {kept:.1%} of eager's accuracy: it must keep 99 %.")  # fmt: skip
        run.append(this, "accuracy", status, reason, {
            "accuracy": accuracy, "accuracy_stderr": 0.012, "reference_accuracy": 0.93, "accuracy_kept": kept,
            "chance": 0.5, "samples": 400, "metrics": {"f1": accuracy - 0.01}, "agreement": min(1.0, kept + 0.005),
            "wall_s": 3.0,
        })  # fmt: skip
    calls = base / SPEED[this.backend] * drift[:, None] * generator.lognormal(0, 0.04, (len(drift), 12))
    calls = np.where(generator.uniform(size=calls.shape) < 0.02, calls * generator.uniform(1.5, 4, calls.shape), calls)
    generative = this.capability in GENERATIVE and this.backend != "noop"
    run.append_rounds(this, [
        {"block": this.group, "cycle": cycle, "order": order, "latency_ms": [round(x, 6) for x in row], "load": 1.0,
         "idle_share": 0.97} | ({"ttft_ms": [x / 9 for x in row]} if generative else {})
        for cycle, row in enumerate(calls)
    ])  # fmt: skip
    weights = {"int8": 0.4, "onnx-int8": 0.27, "fp16": 0.5, "bf16": 0.5, "noop": 0.0}.get(this.backend, 1.0)
    run.append(this, "latency", Status.PASSED, "", {
        "latency_p50_ms": float(np.median(calls)), "latency_p90_ms": float(np.quantile(calls, 0.9)),
        "latency_p99_ms": float(np.quantile(calls, 0.99)), "latency_cv": float(calls.std() / calls.mean()),
        "latency_rounds": calls.shape[0], "latency_calls": calls.size, "throughput": 1000 / float(np.median(calls)),
        "tokens_per_s": 24_000 / float(np.median(calls)) if generative else None,
        "ttft_ms": float(np.median(calls)) / 9 if generative else None, "input_length": 32,
        "peak_rss_mb": 310 + 4 * base * weights, "size_mb": (4 * base * weights) or None, "wall_s": 9.0,
    })  # fmt: skip


UNUSUAL = {
    ("translation", "compile"): (
        Status.UNSUPPORTED, "compile cannot follow the growing cache of an encoder-decoder on a CPU."),
    ("text-generation", "int8"): (Status.UNSUPPORTED, "GPT-2 holds Conv1D layers, and int8 quantizes Linear alone."),
    ("translation", "fp16"): (Status.TIMEOUT, "It took longer than 120 s to load: raise --timeout."),
    ("text-generation", "compile"): (Status.UNSTABLE, "Its rounds vary by 41 %: close other programs."),
    ("named-entity-recognition", "bf16"): (Status.KNOWN_FAILURE, "Its logits tie: known since torch 2.9."),
}  # fmt: skip
