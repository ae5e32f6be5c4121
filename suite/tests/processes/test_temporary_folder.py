"""Where the sockets of workers lie: a temporary folder with a long name has none in it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from suite.core.files import project_root
from suite.core.ownership import SHORT_TEMPORARY_PLACE

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="workers have no socket where nothing forks")
LISTEN = """
import tempfile
from multiprocessing.connection import Listener
from suite.core.errors import UsageError
from suite.processes import forkserver
place = tempfile.gettempdir()
{before}
try:
    print(forkserver._temporary_folder())
except UsageError as error:
    print(error)
else:
    Listener(family="AF_UNIX").close()
assert tempfile.gettempdir() == place
"""


def listen(place: Path, before: str = "") -> str:
    place.mkdir()
    code = LISTEN.format(before=before)
    environment = {**os.environ, "TMPDIR": str(place)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=project_root(), env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_short_place_is_kept(tmp_path: Path) -> None:
    place = tmp_path / "t"
    if len(os.fsencode(place)) > 70:
        pytest.skip("this machine's temporary folder has a long name itself")
    assert Path(listen(place)).parent == place


def test_with_a_long_name_the_sockets_lie_elsewhere(tmp_path: Path) -> None:
    assert Path(listen(tmp_path / ("x" * 100))).parent == Path(SHORT_TEMPORARY_PLACE)


def test_without_a_short_place_it_is_a_sentence_with_a_way_out(tmp_path: Path) -> None:
    said = listen(tmp_path / ("x" * 100), "forkserver.SHORT_TEMPORARY_PLACE = '/nowhere'")
    assert said.endswith("in /nowhere: let TMPDIR name one of at most 70 characters.")
