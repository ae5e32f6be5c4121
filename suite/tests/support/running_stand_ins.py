"""A stand-in on a real server on loopback, and clients in a process of their own."""

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
from starlette.applications import Starlette

from suite.course.stand_ins.access_log import Note


class Notes(list):
    """A journal that keeps what it is told."""

    def note(self, note: Note) -> None:
        self.append(note)

    def outcomes(self, kind: str) -> dict[str, str]:
        return {note.subject: note.outcome for note in self if note.kind == kind}

    def details(self, subject: str) -> dict[str, Any]:
        return next(note.details for note in self if note.subject == subject)


@contextmanager
def served(app: Starlette) -> Iterator[str]:
    """The address of an application."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


def told_by(code: str, address: str, home: Path) -> Any:
    """What a client's script prints as its last line, in a process with an empty home whose Hub is `address`."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    environment |= {"HF_ENDPOINT": address, "HF_HOME": str(home), "HF_HUB_DOWNLOAD_TIMEOUT": "60"}
    environment |= {"HF_HUB_ETAG_TIMEOUT": "60", "OMP_NUM_THREADS": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, cwd=home, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
