"""What is installed is what is in the checkout: an installed suite has its data, pages and weights."""

from __future__ import annotations

import subprocess
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def not_installed(files: list[str], settings: dict) -> list[str]:
    """The files of the packages that no setting of setuptools brings along."""
    patterns = [f"{package}/{pattern}" for package, given in settings["package-data"].items() for pattern in given]
    data = {path.relative_to(ROOT).as_posix() for pattern in patterns for path in ROOT.glob(pattern)}
    python = {file for file in files if file.endswith(".py") and _is_found(Path(file), settings["packages"]["find"])}
    return sorted(set(files) - data - python)


def _is_found(file: Path, find: dict) -> bool:
    """Whether setuptools finds the package of a module: its name is included, and every folder above is a package."""
    assert not find["namespaces"], "folders without an __init__.py are data"
    included = any(fnmatch(".".join(file.parent.parts), pattern) for pattern in find["include"])
    return included and all((ROOT / folder / "__init__.py").is_file() for folder in file.parents if folder.name)


@pytest.fixture
def tracked() -> list[str]:
    """The files of the two packages that are under version control."""
    if not (ROOT / ".git").exists():
        pytest.skip("this is no checkout: there is nothing to compare the installed files with")
    listing = subprocess.run(
        ["git", "ls-files", "suite", "tasks"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [file for file in listing.stdout.split() if not Path(file).name.startswith(".")]


@pytest.fixture
def settings() -> dict:
    """What setuptools is told."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]


def test_everything_is_installed(tracked: list[str], settings: dict) -> None:
    assert not_installed(tracked, settings) == []


def test_a_forgotten_package_is_seen(tracked: list[str], settings: dict) -> None:
    """The fault is planted: packages and a pattern taken out of the settings."""
    settings["packages"]["find"]["include"] = ["tasks*"]
    settings["package-data"]["suite"].remove("course/**/*.csv")
    missing = not_installed(tracked, settings)
    assert "suite/report/__init__.py" in missing
    assert any(file.startswith("suite/course/stand_ins/") and file.endswith(".csv") for file in missing)
