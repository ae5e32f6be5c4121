"""The processor: its name and its instruction sets, read once a process."""

from __future__ import annotations

import platform
from functools import cache
from pathlib import Path

_CPUINFO = Path("/proc/cpuinfo")


def name() -> str:
    """The model's name, or the architecture (`x86_64`) where the system names none."""
    return _name_and_flags()[0]


def flags() -> frozenset[str]:
    """The instruction sets as the system spells them: `avx2`, `avx512_vnni`; `asimd` on Arm."""
    return _name_and_flags()[1]


@cache
def _name_and_flags() -> tuple[str, frozenset[str]]:
    # py-cpuinfo gives the same on every system, but starts processes for it: half a second at the start of a run.
    try:
        text = _CPUINFO.read_text(encoding="utf-8")
    except OSError:
        import cpuinfo

        info = cpuinfo.get_cpu_info()
        return str(info.get("brand_raw", platform.processor())), frozenset(info.get("flags", ()))
    fields = dict(line.split(":", 1) for line in text.split("\n\n")[0].splitlines() if ":" in line)
    stripped = {key.strip(): value.strip() for key, value in fields.items()}
    words = stripped.get("flags") or stripped.get("Features") or ""
    return stripped.get("model name", platform.machine()), frozenset(words.split())
