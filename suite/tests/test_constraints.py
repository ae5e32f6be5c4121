"""The pins of `constraints.txt` can be had on each Python and platform that the README promises: resolved from PyPI."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from suite.core.files import project_root

ROOT = project_root()
LINUX, ARM, MAC, WINDOWS = (
    "x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu", "aarch64-apple-darwin", "x86_64-pc-windows-msvc",
)  # fmt: skip
EXTRAS = ("real", "course", "dev")
WHEELS = (
    "matplotlib", "numpy", "onnx", "onnxruntime", "pandas", "pillow", "pyarrow", "pycocotools", "safetensors",
    "scikit-learn", "scipy", "sentencepiece", "soxr", "tokenizers", "torch",
)  # fmt: skip
"""What nobody wants to compile: only a wheel will do."""


SECONDS = 900
"""A guard against what never ends: on a crowded machine a resolution took 20 to 230 s, most of it PyPI's answers."""
TRANSFORMERS_5, TRANSFORMERS_4 = ROOT / "constraints.txt", ROOT / "constraints-transformers4.txt"


def project(constraints: Path, *extras: str) -> list[str]:
    """What asks uv for the project with these extras, under constraints."""
    words = [str(ROOT / "pyproject.toml"), "--constraint", str(constraints)]
    return words + [word for extra in extras for word in ("--extra", extra)]


def resolve(asked: list[str], python: str, platform: str) -> subprocess.CompletedProcess[str]:
    uv = shutil.which("uv")
    if uv is None:
        pytest.skip("uv is not installed: pip install uv")
    words = [uv, "pip", "compile", "--quiet", "--no-header", "--no-annotate", *asked]
    words += ["--python-version", python, "--python-platform", platform]
    words += [word for name in WHEELS for word in ("--only-binary", name)]
    environment = {**os.environ, "MACOSX_DEPLOYMENT_TARGET": "14.0"}
    try:
        done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        pytest.skip(f"PyPI did not answer all questions within {SECONDS} s")
    if re.search("dns error|failed to fetch|error sending request|[Nn]etwork connectivity", done.stderr):
        pytest.skip("PyPI cannot be reached")
    return done


def pins(text: str) -> set[str]:
    return {line for line in text.lower().replace("_", "-").split() if "==" in line}


@pytest.mark.parametrize("platform", [LINUX, ARM, MAC, WINDOWS])
@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13", "3.14"])
def test_the_pins_resolve(python: str, platform: str) -> None:
    done = resolve(project(TRANSFORMERS_5, *EXTRAS), python, platform)
    assert done.returncode == 0, done.stderr
    if (python, platform) == ("3.11", LINUX):
        assert not _missing(done.stdout, TRANSFORMERS_5)


def test_the_pins_of_transformers_4_resolve(tmp_path: Path) -> None:
    more = tmp_path / "requirements.txt"
    more.write_text("optimum-onnx\n")
    done = resolve([*project(TRANSFORMERS_4, "real", "course"), str(more)], "3.11", LINUX)
    assert done.returncode == 0, done.stderr
    assert not _missing(done.stdout, TRANSFORMERS_4)


def _missing(resolved: str, constraints: Path) -> list[str]:
    """What would be installed without a pin, but for what PyPI's torch brings: the pins are of the CPU's build."""
    unpinned = pins(resolved) - pins(constraints.read_text())
    return sorted(line for line in unpinned if not line.startswith(("nvidia-", "cuda-", "triton", "setuptools")))


@pytest.mark.parametrize("constraints", [TRANSFORMERS_5, TRANSFORMERS_4], ids=["transformers 5", "transformers 4"])
def test_every_pin_exists(constraints: Path) -> None:
    """Those too that no extra in use asks for."""
    done = resolve(["--no-deps", str(constraints)], "3.11", LINUX)
    assert done.returncode == 0, done.stderr
    assert pins(done.stdout) == pins(constraints.read_text())


@pytest.mark.parametrize("package", ["scipy", "aiofiles"])
def test_a_pin_that_exists_nowhere_is_noticed(tmp_path: Path, package: str) -> None:
    """What everything needs, and what a wider extra would."""
    planted = tmp_path / "constraints.txt"
    text, found = re.subn(rf"(?m)^{package}==.*$", f"{package}==1.17.999", TRANSFORMERS_5.read_text())
    assert found == 1
    planted.write_text(text)
    done = resolve(["--no-deps", str(planted)], "3.11", LINUX)
    assert done.returncode != 0
    assert package in done.stderr


def test_a_pin_without_a_wheel_for_a_python_is_noticed(tmp_path: Path) -> None:
    """soxr 0.3.5 has wheels for Python up to 3.11."""
    planted = tmp_path / "constraints.txt"
    planted.write_text(re.sub(r"(?m)^soxr==.*$", "soxr==0.3.5", TRANSFORMERS_5.read_text()))
    done = resolve(project(planted, *EXTRAS), "3.12", LINUX)
    assert done.returncode != 0
    assert "soxr" in done.stderr
