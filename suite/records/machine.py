"""The machine and the libraries of a run, as `run.json` has them. No host, user or path is among them."""

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
from suite.core import extensions
from suite.core.files import project_root
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


def describe() -> dict[str, Any]:
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
        **({"extensions": brought} if (brought := extensions.versions()) else {}),
        "affinity": sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None,
        "load_before": load(),
        "power": power(),
        **revision(),
    }


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
    """The frequency governor and the power source, where the system tells."""
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


def summary(known: dict[str, Any]) -> list[str]:
    """The lines that no setting changes."""
    names = ("torch", "transformers", "onnxruntime", "torchao")
    versions = ", ".join(f"{name} {known['libraries'][name]}" for name in names if name in known["libraries"])
    gpu = "".join(f", {device['name']}" for device in known["gpu"] or [])
    cpu_ = known["cpu"]
    return [
        f"machine: {cpu_['name']}, {cpu_['physical_cores']} cores, {known['memory_gb']:g} GB{gpu}; "
        f"Python {known['python'] if 'python' in known else sys.version.split()[0]}",
        f"under test: {versions}",
    ]
