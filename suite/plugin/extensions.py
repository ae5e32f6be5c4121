"""The tasks folders of a session beside that of `--tasks`: those of installed packages and those of the hook."""

from __future__ import annotations

from pathlib import Path

import pytest

from suite.core.errors import UsageError
from suite.task import discovery


def task_folders(config: pytest.Config) -> tuple[Path, ...]:
    """The folders, each once; a relative one is relative to where pytest was called.

    Raises:
        UsageError: an entry point without a folder, or a hook that names one which does not exist.
    """
    folders = [*discovery.installed_folders()]
    for paths in config.hook.pytest_touchstone_tasks(config=config):
        for path in paths:
            folder = config.invocation_params.dir / path
            if not folder.is_dir():
                raise UsageError(f"The hook pytest_touchstone_tasks names {folder}, which is not a folder: correct it.")
            folders.append(folder)
    return tuple(dict.fromkeys(folders))
