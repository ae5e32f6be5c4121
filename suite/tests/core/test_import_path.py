"""The import path: what is left out of it, and what stays."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from suite.core import import_path
from suite.core.files import project_root


def test_the_working_directory_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", ".", str(tmp_path), str(tmp_path / "link"), "/elsewhere"])
    import_path.leave_out_working_directory()
    assert sys.path == ["/elsewhere"]


def test_the_checkout_stays_in_sight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project_root())
    monkeypatch.setattr(sys, "path", ["", str(project_root())])
    import_path.leave_out_working_directory()
    assert sys.path == ["", str(project_root())]


def test_packages_and_what_they_link_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packages, linked, private = (tmp_path / name for name in ("site-packages", "linked", "private"))
    for folder in (packages, linked, private):
        folder.mkdir()
    (packages / "project.pth").write_text(f"import os\n{linked}\n")
    monkeypatch.chdir(private)
    standard = [path for path in sys.path if "python3" in path and "-packages" not in path]
    kept = [*standard, str(packages), str(linked), str(project_root())]
    monkeypatch.setattr(sys, "path", ["", *kept, str(private), str(tmp_path)])
    import_path.leave_out_all_but_packages()
    assert sys.path == kept


def test_of_a_variable_folders_of_packages_stay(tmp_path: Path) -> None:
    packages = str(tmp_path / "site-packages")
    kept = import_path.package_folders(os.pathsep.join([str(tmp_path), packages, ""]))
    assert kept.split(os.pathsep) == [packages, str(project_root())]
