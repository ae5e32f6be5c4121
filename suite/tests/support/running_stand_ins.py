"""A stand-in on a real server on loopback, its journal, and clients in a process of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from suite.course.stand_ins.access_log import Note

START_SECONDS = 10


class Notes(list):
    """A journal that keeps its notes."""

    def note(self, note: Note) -> None:
        self.append(note)

    def of(self, kind: str) -> list[Note]:
        """The notes of a kind."""
        return [note for note in self if note.kind == kind]

    def outcomes(self, kind: str) -> dict[str, str]:
        """The outcome of each subject's last note of a kind."""
        return {note.subject: note.outcome for note in self.of(kind)}

    def details(self, subject: str) -> dict[str, Any]:
        """The details of the first note on a subject."""
        return next(note.details for note in self if note.subject == subject)


@contextmanager
def served(application: ASGIApp) -> Iterator[str]:
    """An application on loopback: gives its address, `http://127.0.0.1:PORT`."""
    config = uvicorn.Config(application, host="127.0.0.1", port=0, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + START_SECONDS
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    assert server.started, f"the server did not start within {START_SECONDS} s"
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(START_SECONDS)


def script_result(code: str, address: str, home: Path) -> Any:
    """The JSON that a client's script prints last, in a process with an empty home whose Hub is `address`."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    environment |= {"HF_ENDPOINT": address, "HF_HOME": str(home), "HF_HUB_DOWNLOAD_TIMEOUT": "60"}
    environment |= {"HF_HUB_ETAG_TIMEOUT": "60", "OMP_NUM_THREADS": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, cwd=home, check=False
    )
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout.splitlines()[-1])
