"""Memory of a worker, resident and on the device, and its peaks. All in MB of 10**6 bytes."""

from __future__ import annotations

import contextlib
from pathlib import Path

import psutil

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")
MB = 1e6


def resident_mb() -> float:
    """Resident memory of this process now, in MB of 10**6 bytes."""
    return psutil.Process().memory_info().rss / MB


def reset_peak(device: str) -> None:
    """Let the peaks start anew, so that what loading and tracing took does not count (Linux, CUDA)."""
    with contextlib.suppress(OSError):
        _CLEAR.write_text("5")
    if device.startswith("cuda"):
        import torch

        torch.cuda.reset_peak_memory_stats(device)


def peak_device_mb(device: str) -> float | None:
    """The most memory that torch held on a CUDA device since `reset_peak`, in MB; `None` elsewhere."""
    if not device.startswith("cuda"):
        return None
    import torch

    return float(torch.cuda.max_memory_allocated(device)) / MB


def peak_mb() -> float:
    """The most memory that was resident since `reset_peak`, in MB; the present where the system keeps no peak."""
    try:
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / MB
    except (OSError, ValueError):
        pass
    return resident_mb()
