"""Makes the stand-ins that a run had to make for itself once more, outside the walls, for the runs to come.

Behind the walls nothing of what is kept can be changed, so what is made there ends with the run. What was asked for is
known from the access log, which an example can forge: its names are looked up in the lists of stand-ins, and nothing
else of it is used.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from suite.core.files import project_root
from suite.core.import_path import SAFE_PATH
from suite.course.stand_ins.catalogue import Entry, resolve
from suite.course.stand_ins.checkpoints import files
from suite.course.stand_ins.hub import datasets

MOST = 200
"""Stand-ins that are looked up and made after a run, at most."""
SECONDS = 120.0
"""What that may take; the rest is made after another run."""
Wanted = tuple[str, str]
"""A kind of stand-in ("checkpoint" or "data set") and a name."""


def keep(asked: Iterable[Wanted], hints: Mapping[str, str], cache: Path) -> None:
    """Make what was asked for and is not kept yet, in a process of its own; nothing is raised where that fails."""
    absent = [wanted for wanted in itertools.islice(asked, MOST) if _is_absent(wanted, hints, cache)]
    if not absent:
        return
    told = {"wanted": absent, "hints": {name: hints[name] for _, name in absent if name in hints}, "cache": str(cache)}
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        subprocess.run(
            [sys.executable, "-P", "-m", "suite.course.stand_ins.keep"],
            env={"PYTHONPATH": str(project_root()), SAFE_PATH: "1", "HF_HUB_OFFLINE": "1", "PATH": os.defpath},
            input=json.dumps(told).encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            timeout=SECONDS,
            check=False,
        )


def make(wanted: Iterable[Wanted], hints: Mapping[str, str], cache: Path) -> None:
    """Make these stand-ins, each once."""
    for kind, name in wanted:
        entry, data_set = _checkpoint(kind, name, hints), _data_set(kind, name)
        with contextlib.suppress(Exception):  # what cannot be made for one is no reason to leave out the others
            if entry is not None:
                files.folder(entry, cache)
            if data_set is not None:
                datasets.data_set_repository(name, data_set, cache)


def _is_absent(wanted: Wanted, hints: Mapping[str, str], cache: Path) -> bool:
    entry, data_set = _checkpoint(*wanted, hints), _data_set(*wanted)
    if entry is not None:
        return not files.folder_of(entry, cache).is_dir()
    return data_set is not None and not datasets.folder_of(data_set, cache).is_dir()


def _checkpoint(kind: str, name: str, hints: Mapping[str, str]) -> Entry | None:
    entry = resolve(name, hints.get(name)).entry if kind == "checkpoint" else None
    return entry if entry is not None and entry.served else None


def _data_set(kind: str, name: str) -> datasets.DataSet | None:
    return datasets.resolve_data_set(name).entry if kind == "data set" else None


if __name__ == "__main__":
    if sys.platform == "linux":
        from suite.course.sandbox import syscalls

        syscalls.die_with_parent(signal.SIGKILL)
    request = json.load(sys.stdin)
    make(((kind, name) for kind, name in request["wanted"]), request["hints"], Path(request["cache"]))
