"""What is installed is what is in the checkout: an installed suite has its data, pages and weights."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def not_installed(files: list[str], settings: dict) -> list[str]:
    """The files of the packages that no setting of setuptools brings along."""
    packages = {name.replace(".", "/") for name in settings["packages"]}
    patterns = [f"{package}/{pattern}" for package, given in settings["package-data"].items() for pattern in given]
    data = {path.relative_to(ROOT).as_posix() for pattern in patterns for path in ROOT.glob(pattern)}
    python = {file for file in files if file.endswith(".py") and str(Path(file).parent) in packages}
    return sorted(set(files) - data - python)


@pytest.fixture
def tracked() -> list[str]:
    """The files of the two packages that are under version control."""
    if not (ROOT / ".git").exists():
        pytest.skip("this is no checkout: there is nothing to compare the installed files with")
    told = subprocess.run(["git", "ls-files", "suite", "tasks"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [file for file in told.stdout.split() if not Path(file).name.startswith(".")]


@pytest.fixture
def settings() -> dict:
    """What setuptools is told."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]


def test_everything_is_installed(tracked: list[str], settings: dict) -> None:
    assert not_installed(tracked, settings) == []


def test_a_forgotten_package_is_seen(tracked: list[str], settings: dict) -> None:
    """The fault is planted: a package and a pattern taken out of the settings."""
    settings["packages"].remove("suite.report")
    settings["package-data"]["suite"].remove("stand_ins/*.csv")
    missing = not_installed(tracked, settings)
    assert "suite/report/__init__.py" in missing
    assert any(file.startswith("suite/stand_ins/") and file.endswith(".csv") for file in missing)
