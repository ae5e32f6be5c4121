"""What this machine lacks, what that costs, and what to do about it."""

from __future__ import annotations

import ctypes.util
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from pathlib import Path

import psutil

DISTRIBUTION = "touchstone-bench"
HEAVY = ("torch", "transformers", "onnxruntime")
FAMILIES = ("onnxruntime",)
"""Those of them that only the backends of this family need."""
IMPORT_SECONDS = 120
NEEDED_MB = 4000
"""Memory that the default matrix takes: a worker for each backend of a checkpoint or two at a time."""
NEEDED_DISK_MB = 5000
"""Room for the exports and compiled kernels of the default matrix."""
CROWDED = 0.25
"""Load by core from which timings suffer."""


@dataclass(frozen=True)
class Finding:
    """One line. `lack` says what is missing, what that costs and what to do; `None` where all is well."""

    subject: str
    found: str
    lack: str | None = None
    is_serious: bool = False
    """Whether the default matrix does not run without it."""


def findings() -> Iterator[Finding]:
    """Everything that is looked at, each as soon as it is known."""
    yield from _packages()
    libraries = []
    for library in HEAVY:
        libraries.append(_import(library))
        yield libraries[-1]
    yield from _backends([finding.subject for finding in libraries if finding.lack])
    yield _python_headers()
    yield _walls()
    yield _ffmpeg()
    yield _accelerators()
    yield _memory()
    yield from _disks()
    yield _load()


def _packages() -> Iterator[Finding]:
    """The declared dependencies, by extra."""
    from packaging.requirements import Requirement

    try:
        declared = [Requirement(line) for line in requires(DISTRIBUTION) or []]
        extras = ["", *sorted(metadata(DISTRIBUTION).get_all("Provides-Extra") or [])]
    except PackageNotFoundError:
        unknown = "the packages are not checked, since the project itself is not installed: pip install -e ."
        yield Finding("packages", "unknown", unknown)
        return
    plain = {str(r) for r in declared if _applies(r, "")}
    for extra in extras:
        wanted = [r for r in declared if _applies(r, extra) and (not extra or str(r) not in plain)]
        problems = [problem for problem in map(_problem, wanted) if problem]
        install = f"pip install '{DISTRIBUTION}[{extra}]'" if extra else f"pip install {DISTRIBUTION}"
        subject = f"packages of the extra {extra}" if extra else "packages"
        if extra and len(problems) == len(wanted):
            yield Finding(subject, f"not installed ({install})")
            continue
        lack = f"{'; '.join(problems)}: {install}" if problems else None
        yield Finding(subject, f"{len(wanted) - len(problems)} of {len(wanted)}", lack, is_serious=not extra)


def _applies(requirement: object, extra: str) -> bool:
    marker = getattr(requirement, "marker", None)
    return marker is None or bool(marker.evaluate({"extra": extra}))


def _problem(requirement: object) -> str | None:
    """What is wrong with an installed package, if anything is."""
    from packaging.requirements import Requirement

    assert isinstance(requirement, Requirement)
    try:
        installed = version(requirement.name)
    except PackageNotFoundError:
        return f"{requirement.name} is missing"
    if not requirement.specifier.contains(installed, prereleases=True):
        return f"{requirement.name} is {installed}, and {requirement.specifier} is wanted"
    return None


def _import(library: str) -> Finding:
    """In a process of its own: a library that does not fit the machine may crash."""
    code = f"import {library}; print({library}.__version__)"
    try:
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=IMPORT_SECONDS
        )
    except subprocess.TimeoutExpired:
        lack = f"importing it takes longer than {IMPORT_SECONDS} s: look at the disk that it lies on"
        return Finding(library, "hangs", lack, is_serious=True)
    if done.returncode == 0:
        return Finding(library, done.stdout.split()[-1])
    last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
    return Finding(library, "cannot be imported", f"{last}: install it again", is_serious=True)


def _backends(broken: Collection[str]) -> Iterator[Finding]:
    """`broken` has the libraries that cannot be imported; what to do about those is said of them alone."""
    from suite.backends import get_backend, references

    for name in references():
        backend = get_backend(name)
        without = [library for library in broken if library == backend.family or library not in FAMILIES]
        if without:
            yield Finding(f"backend {name}", f"does not run without {' and '.join(without)}")
            continue
        reason = backend.unsupported("cpu")
        yield Finding(f"backend {name}", "unsupported" if reason else "runs here", reason)


def _python_headers() -> Finding:
    header = Path(sysconfig.get_path("include")) / "Python.h"
    lack = "compiled backends need Python's headers: apt install python3-dev, or your system's package of them"
    there = header.is_file()
    return Finding("Python's headers", "found" if there else "none", None if there else lack)


def _walls() -> Finding:
    """What keeps a course's examples from the machine."""
    try:
        from suite.course.sandbox import outer_wall

        reason = outer_wall.missing()
    except ImportError as error:
        reason = f"{error.name} is missing: pip install '{DISTRIBUTION}[course]'"
    lack = f"no course is run, only linted: {reason}" if reason else None
    return Finding("walls around courses", "none" if reason else "stand", lack)


def _ffmpeg() -> Finding:
    found = shutil.which("ffmpeg") or ctypes.util.find_library("avcodec")
    lack = "examples that decode data sets of sounds fail: apt install ffmpeg, or your system's package of it"
    return Finding("FFmpeg", "found" if found else "none", None if found else lack)


def _accelerators() -> Finding:
    if not (shutil.which("nvidia-smi") or Path("/proc/driver/nvidia").exists()):
        return Finding("NVIDIA GPU", "none")
    code = (
        "import torch; print(torch.cuda.device_count() if torch.cuda.is_available() else 0, torch.version.cuda or '-')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    usable, _, cuda = done.stdout.strip().partition(" ") if done.returncode == 0 else ("0", "", "-")
    if int(usable or 0):
        return Finding("NVIDIA GPU", f"{usable} by CUDA {cuda}: --device cuda")
    lack = (
        "torch cannot use it: install a build of torch for CUDA, and the extra gpu"
        if cuda == "-"
        else "torch finds none: look at its driver with nvidia-smi"
    )
    return Finding("NVIDIA GPU", "not usable", lack)


def _memory() -> Finding:
    available = psutil.virtual_memory().available / 1e6
    lack = (
        f"the default matrix takes up to {NEEDED_MB / 1000:g} GB: end other programs, or choose a --backend or two"
        if available < NEEDED_MB
        else None
    )
    return Finding("free memory", f"{available / 1000:.1f} GB", lack)


def _disks() -> Iterator[Finding]:
    from suite.backends.shared import compiler_files
    from suite.core.files import cache_root
    from suite.worker.build_cache import BuildCache

    held = (compiler_files.size() + sum(entry.size for entry in BuildCache().entries())) / 1e6
    places = {
        "cache": (cache_root(), "TOUCHSTONE_CACHE names another place"),
        "temporary files": (Path(tempfile.gettempdir()), "TMPDIR names another place"),
    }
    for name, (place, way_out) in places.items():
        existing = next(path for path in (place, *place.parents) if path.exists())
        free = shutil.disk_usage(existing).free / 1e6
        writable = os.access(existing, os.W_OK)
        lack = None
        if not writable:
            lack = f"it cannot be written to: {way_out}"
        elif free < NEEDED_DISK_MB:
            lack = (
                f"builds take up to {NEEDED_DISK_MB / 1000:g} GB: make room (`python -m suite cache clear`); {way_out}"
            )
        size = f", {held:.0f} MB in use" if name == "cache" else ""
        yield Finding(f"disk of the {name}", f"{free / 1000:.1f} GB free{size}", lack)


def _load() -> Finding:
    cores = psutil.cpu_count() or 1
    load = psutil.getloadavg()[0]
    crowded = load > CROWDED * cores
    lack = "other programs are at work: timings will be noisy" if crowded else None
    return Finding("load", f"{load:.1f} on {cores} cores", lack)


def print_findings() -> int:
    """Print a line for each finding and, below, what to do; 1 if the default matrix cannot run here."""
    lacking = []
    for finding in findings():
        mark = "  " if finding.lack is None else ("! " if finding.is_serious else "- ")
        print(f"{mark}{finding.subject:<28} {finding.found}", flush=True)
        if finding.lack is not None:
            lacking.append(finding)
    if lacking:
        print("\nWhat to do:")
    for finding in lacking:
        print(f"{'!' if finding.is_serious else '-'} {finding.subject}: {finding.lack}")
    return 1 if any(finding.is_serious for finding in lacking) else 0
