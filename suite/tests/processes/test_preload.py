"""The imports of a forkserver: they end with the run that asked for them."""

from __future__ import annotations

import subprocess
import sys

import psutil

from suite.core.files import project_root
from suite.processes import preload

CHILD = f"""
import importlib, json, os, tempfile, time
imports = tempfile.TemporaryFile("w+")
json.dump({{"names": ["anything:"], "tasks": []}}, imports)
imports.seek(0)
os.environ[{preload.DESCRIPTOR_VARIABLE!r}] = str(imports.fileno())
importlib.import_module = lambda name: time.sleep(600)  # a library that takes long
import {preload.MODULE_NAME}
"""
AT_ITS_END = CHILD.replace("time.sleep(600)", "None").replace("import importlib", "import atexit, importlib", 1)
PARENT = f"""
import subprocess, sys, time
print(subprocess.Popen([sys.executable, "-c", {CHILD!r}]).pid, flush=True)
time.sleep(600)
"""


def test_a_killed_run_is_noticed_in_the_middle_of_an_import() -> None:
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(command, cwd=project_root(), stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        while child.num_threads() < 2:  # it has come to the import
            assert child.status() != psutil.STATUS_ZOMBIE
        parent.kill()
    try:
        assert psutil.wait_procs([child], timeout=30)[1] == []
    finally:
        for left in psutil.wait_procs([child], timeout=0)[1]:
            left.kill()


def test_a_forkserver_unloads_nothing_at_its_end() -> None:
    code = AT_ITS_END.replace("import atexit", "import atexit\natexit.register(print, 'unloaded')\nimport atexit", 1)
    done = subprocess.run([sys.executable, "-c", code], cwd=project_root(), capture_output=True, text=True, check=True)
    assert done.stdout == ""
