"""What a copy of a zygote runs where the inner walls are switched off: code that arrives by a pipe."""

from __future__ import annotations

import json
import os
from multiprocessing.connection import Connection
from typing import Any

PROGRAM = f"{__name__}:run"


def run(requesting: int, replying: int, life: int) -> None:
    """Execute code and send its `answer` as JSON, or the error that it raised; then wait for the other end to close."""
    requests, replies = Connection(requesting, writable=False), Connection(replying, readable=False)
    names: dict[str, Any] = {}
    try:
        exec(requests.recv_bytes().decode(), names)
        answer = names["answer"]
    except BaseException as error:
        answer = f"{type(error).__name__}: {error}"
    replies.send_bytes(json.dumps(answer).encode())
    os.read(life, 1)
