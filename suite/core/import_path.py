"""The import path without what a stranger may have written: the working directory, and what the environment adds.

It imports nothing that Python has not imported at its start: before the working directory is off the path, any other
module could be one of its files.
"""

from __future__ import annotations

import os
import sys

SAFE_PATH = "PYTHONSAFEPATH"
"""The variable that keeps Python from putting the working directory or a script's folder onto the path."""
_PACKAGES = ("site-packages", "dist-packages")
_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120


def leave_out_working_directory() -> None:
    """Take the working directory off the import path, unless it is the checkout of this package."""
    here = os.path.realpath(os.getcwd())  # noqa: PTH109
    if here != os.path.realpath(_ROOT):
        sys.path[:] = [path for path in sys.path if os.path.realpath(path) != here]


def leave_out_all_but_packages() -> None:
    """Leave on the import path what Python and installed packages brought, and this package.

    What goes is the working directory, the entries of PYTHONPATH and what pytest adds for a project.
    """
    leave_out_working_directory()
    standard = os.path.dirname(os.path.realpath(os.__file__))  # noqa: PTH120
    archive = f"python{sys.version_info.major}{sys.version_info.minor}.zip"
    linked = {path for folder in sys.path if _holds_packages(folder) for path in _linked_by(folder)}
    sys.path[:] = [
        path
        for path in sys.path
        if _holds_packages(path)
        or os.path.basename(path) == archive  # noqa: PTH119
        or f"{os.path.realpath(path)}{os.sep}".startswith(f"{standard}{os.sep}")
        or os.path.realpath(path) in {*linked, os.path.realpath(_ROOT)}
    ]


def package_folders(variable: str) -> str:
    """What may stay of a PYTHONPATH, with this package's own folder where it is not installed among others."""
    kept = [path for path in variable.split(os.pathsep) if _holds_packages(path)]
    return os.pathsep.join([*kept, *([] if _holds_packages(_ROOT) else [_ROOT])])


def _holds_packages(path: str) -> bool:
    return any(f"{os.sep}{name}{os.sep}" in f"{path}{os.sep}" for name in _PACKAGES)


def _linked_by(folder: str) -> set[str]:
    """The folders that the .pth files of a folder of packages add: projects that are installed as they lie there."""
    linked: set[str] = set()
    try:
        files = [entry.path for entry in os.scandir(folder) if entry.name.endswith(".pth")]
        for file in files:
            with open(file, encoding="utf-8", errors="replace") as lines:  # noqa: PTH123
                linked |= {os.path.realpath(os.path.join(folder, line.strip())) for line in lines if line.strip()}  # noqa: PTH118
    except OSError:
        return linked
    return linked
