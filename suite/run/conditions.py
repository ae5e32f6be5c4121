"""The conditions of a run: machine, libraries, settings, revision. No host, user or path is among them."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

from suite import __version__
from suite.core.files import project_root, sha256
from suite.core.settings import Settings
from suite.measure import processor

LIBRARIES = (
    "torch", "transformers", "torchao", "onnxruntime", "onnxruntime-gpu", "onnx", "onnxscript", "optimum",
    "optimum-onnx", "tokenizers", "safetensors", "numpy", "scipy", "scikit-learn", "seqeval", "sacrebleu",
    "pandas", "pytest", "pytest-benchmark", "datasets", "huggingface-hub",
)  # fmt: skip
_INFERENCE_FLAGS = {
    "avx", "avx2", "fma", "avx512f", "avx512bw", "avx512_vnni", "avx_vnni", "avx512_bf16", "avx512_fp16", "amx_tile",
    "amx_int8", "amx_bf16", "asimd", "asimddp", "bf16", "i8mm", "sve",
}  # fmt: skip
MUST_MATCH = (
    "weights", "device", "threads", "batch_size", "seed", "strict", "budget_s", "limit", "samples_sha256", "isolated",
    "cpu", "gpu", "libraries", "python", "touchstone",
)  # fmt: skip
"""What a resumed run must share with the one that it continues."""


def conditions(settings: Settings) -> dict[str, Any]:
    """Everything known before the first cell runs."""
    return {
        **of_machine(),
        "weights": "local" if settings.models else settings.weights,
        "device": settings.device,
        "threads": settings.threads,
        "batch_size": settings.batch_size,
        "seed": settings.seed,
        "strict": settings.strict,
        "budget_s": settings.budget,
        "limit": settings.limit,
        "cell_timeout_s": settings.cell_timeout,
        "isolated": settings.isolate,
        "samples_sha256": sha256(settings.samples) if settings.samples else None,
    }


def of_machine() -> dict[str, Any]:
    """The part that no setting changes: the machine, the libraries, the suite itself."""
    return {
        "touchstone": __version__,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cpu": cpu(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "gpu": gpus(),
        "libraries": libraries(),
        "affinity": sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None,
        "load_before": load(),
        "power": power(),
        **revision(),
    }


def differences(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """What keeps a run from being continued under the present conditions, a phrase each."""
    return [phrase for key in MUST_MATCH for phrase in _differences(key, before.get(key), now.get(key))]


def _differences(name: str, before: Any, now: Any) -> list[str]:
    now = list(now) if isinstance(now, tuple) else now
    if before == now:
        return []
    if isinstance(before, dict) and isinstance(now, dict):
        keys = sorted({*before, *now})
        return [phrase for key in keys for phrase in _differences(f"{name} {key}", before.get(key), now.get(key))]
    return [f"{name} was {before!r} and is {now!r}"]


def cpu() -> dict[str, Any]:
    """The processor's name, cores and the instruction sets that matter to inference."""
    return {
        "name": processor.name(),
        "physical_cores": psutil.cpu_count(logical=False),
        "logical_cores": psutil.cpu_count(),
        "flags": sorted(_INFERENCE_FLAGS & processor.flags()),
    }


def gpus() -> list[dict[str, Any]] | None:
    """The NVIDIA devices, if there are any and nvidia-ml-py is installed."""
    try:
        import pynvml

        pynvml.nvmlInit()
    except Exception:
        return None
    try:
        handles = [pynvml.nvmlDeviceGetHandleByIndex(i) for i in range(pynvml.nvmlDeviceGetCount())]
        return [
            {
                "name": pynvml.nvmlDeviceGetName(handle),
                "memory_gb": round(pynvml.nvmlDeviceGetMemoryInfo(handle).total / 1e9, 1),
                "driver": pynvml.nvmlSystemGetDriverVersion(),
            }
            for handle in handles
        ]
    finally:
        pynvml.nvmlShutdown()


def libraries() -> dict[str, str]:
    """The versions of what takes part, of what is installed."""
    versions = {}
    for name in LIBRARIES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions


def load() -> list[float] | None:
    """The load averages over 1, 5 and 15 minutes."""
    return [round(value, 2) for value in os.getloadavg()] if hasattr(os, "getloadavg") else None


def power() -> dict[str, Any]:
    """The frequency governor and the power source, where the system reports them."""
    governor = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
    battery = psutil.sensors_battery() if hasattr(psutil, "sensors_battery") else None
    return {
        "governor": governor.read_text().strip() if governor.exists() else None,
        "on_battery": None if battery is None else not battery.power_plugged,
    }


def revision() -> dict[str, Any]:
    """The commit of the suite's own checkout, and whether it was changed since."""
    root = project_root()

    def git(*arguments: str) -> str | None:
        try:
            done = subprocess.run(
                ["git", "-C", str(root), *arguments], capture_output=True, text=True, timeout=10, check=True
            )
        except (OSError, subprocess.SubprocessError):
            return None
        return done.stdout.strip()

    if not (root / ".git").exists():
        return {"git_revision": None, "git_dirty": None}
    status = git("status", "--porcelain", "--untracked-files=no")
    return {"git_revision": git("rev-parse", "HEAD"), "git_dirty": None if status is None else bool(status)}


def summary(conditions: dict[str, Any]) -> list[str]:
    """The lines of the report header: what is under test."""
    return [
        *machine_summary(conditions),
        f"conditions: weights {conditions['weights']}, device {conditions['device']}, threads {conditions['threads']}, "
        f"batch size {conditions['batch_size']}, budget {conditions['budget_s']:g} s a cell"
        + (f", at most {conditions['limit']} samples scored" if conditions["limit"] else ""),
    ]


def machine_summary(conditions: dict[str, Any]) -> list[str]:
    """The lines that no setting changes."""
    names = ("torch", "transformers", "onnxruntime", "torchao")
    versions = ", ".join(f"{name} {conditions['libraries'][name]}" for name in names if name in conditions["libraries"])
    gpu = "".join(f", {device['name']}" for device in conditions["gpu"] or [])
    cpu = conditions["cpu"]
    return [
        f"machine: {cpu['name']}, {cpu['physical_cores']} cores, {conditions['memory_gb']:g} GB{gpu}; "
        f"Python {conditions['python'] if 'python' in conditions else sys.version.split()[0]}",
        f"under test: {versions}",
    ]
