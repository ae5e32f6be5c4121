"""What the end of a run has not to wait for."""

from __future__ import annotations

import importlib
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from suite.executors.gate import Gate
from suite.plugin.ending import IMPORTS, import_meanwhile
from suite.tests.support.synthetic_run import write_run

PROGRAM = """
import sys
from pathlib import Path
from suite.executors.gate import Gate
from suite.plugin.ending import import_meanwhile
heavy = (
    "pandas.core.frame", "matplotlib.figure", "matplotlib.backends.backend_svg", "jinja2.environment", "scipy.stats",
    "pyarrow.parquet",
)
assert not any(name in sys.modules for name in heavy), "the check is of what is imported from here on"
import_meanwhile(Gate()).join()
before = set(sys.modules)
from suite.report import write_report
folder = Path(sys.argv[1])
write_report([folder], folder)
print(*(name for name in heavy if name in set(sys.modules) - before))
"""


def test_a_report_imports_nothing_heavy_that_was_not_imported_meanwhile(tmp_path: Path) -> None:
    folder = write_run(tmp_path)
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(folder)], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.returncode) == ("", 0), done.stderr


def test_nothing_is_timed_before_the_imports_are_over(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, imported, order = threading.Event(), threading.Event(), []

    def wait(name: str) -> None:
        begun.set()
        imported.wait(60)
        order.append(name)

    monkeypatch.setattr(importlib, "import_module", wait)
    gate = Gate()
    importing = import_meanwhile(gate)
    assert begun.wait(60)

    def time_something() -> None:
        with gate.alone():
            order.append("timed")

    timing = threading.Thread(target=time_something)
    timing.start()
    timing.join(0.3)
    imported.set()
    for thread in (timing, importing):
        thread.join(60)
    assert order == [IMPORTS, "timed"]
