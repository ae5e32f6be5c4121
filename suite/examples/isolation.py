"""A document's processes as the parent sees them: started, asked for example after example, replaced, ended."""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.connection
import socket
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from suite.errors import UsageError
from suite.examples import stage, walls
from suite.examples.document import Example
from suite.examples.performing import Performance
from suite.pool import Forkserver, _unimportable_main
from suite.stand_ins import front

ALWAYS = (
    "suite.stand_ins.front:", "suite.stand_ins.hosts:", "suite.examples.apps:", "suite.examples.caps:", "uvicorn:",
    "uvicorn.protocols.http.auto:", "uvicorn.loops.auto:", "trustme:", "requests:", "asyncio:",
    "transformers.generation.utils:", "datasets:", "PIL.Image:",
)  # fmt: skip
"""What every document's processes need."""
GRACE = 15.0
"""Seconds beyond an example's own limit after which the processes themselves must have failed."""
PLACEHOLDERS = (
    "OPENAI_API_KEY", "AZURE_OPENAI_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY", "ANTHROPIC_API_KEY", "GROQ_API_KEY",
    "MISTRAL_API_KEY", "OPENROUTER_API_KEY", "DEEPSEEK_API_KEY", "TOGETHER_API_KEY", "HF_TOKEN", "HF_API_KEY",
    "HUGGINGFACE_API_KEY", "HUGGINGFACEHUB_API_TOKEN", "HF_API_TOKEN", "HUGGING_FACE_HUB_TOKEN",
)  # fmt: skip
"""Keys of services that have a stand-in. Their values are no secret: any will do."""


def environment(certificate: Path, open_port: int | None = None) -> dict[str, str]:
    """What a document finds in its environment: nothing of this process's.

    `certificate` is the file with that of the stand-ins' authority, seen inside the walls and outside.

    Without walls names are not redirected: the clients are told where the stand-ins are, at `open_port`.
    """
    secured = dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"), str(certificate))
    keys = {name: "hf_stand_in" if name.startswith("H") else "sk-stand-in" for name in PLACEHOLDERS}
    quiet = {
        "MPLBACKEND": "Agg",
        "GRADIO_ANALYTICS_ENABLED": "False",
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_SYMLINKS_WARNING": "1",
        "DO_NOT_TRACK": "1",
        "WANDB_DISABLED": "true",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    if open_port is None:
        return walls.environment(secured | keys | quiet)
    here = f"http://127.0.0.1:{open_port}"
    told = dict.fromkeys(("HF_ENDPOINT", "OLLAMA_HOST", "GOOGLE_GEMINI_BASE_URL", "ANTHROPIC_BASE_URL"), here)
    home = tempfile.mkdtemp(prefix="touchstone-reader-")
    return walls.environment(keys | quiet | told | {"OPENAI_BASE_URL": f"{here}/v1", "HOME": home})


class Stage:
    """One document's processes. A document that loses them goes on in new ones, without the names that it had."""

    def __init__(self, forkserver: Forkserver, ground: stage.Ground, log: Path) -> None:
        self._forkserver, self._ground, self._log = forkserver, ground, log
        self._open()

    def _open(self) -> None:
        context = self._forkserver.context
        theirs, self._requests = context.Pipe(duplex=False)
        self._replies, answers = context.Pipe(duplex=False)
        self._process = context.Process(
            target=stage.main, args=(theirs, answers, self._ground, str(self._log)), daemon=True
        )
        with _unimportable_main():
            self._process.start()
        theirs.close()
        answers.close()
        first = self._receive(stage.START_SECONDS + GRACE)
        if not isinstance(first, dict) or "ready" not in first:
            self.close()
            reason = first["refused"].strip().splitlines()[-1] if isinstance(first, dict) else "it ended at its start"
            raise UsageError(f"A document's processes could not be started ({reason}): see {self._log}.")

    def perform(self, index: int, example: Example) -> Performance:
        """Carry an example out. Whatever happens to the processes is told in `died`."""
        with contextlib.suppress(OSError):
            self._requests.send((index, example))
            reply = self._receive(self._ground.limits.seconds + GRACE)
            if isinstance(reply, tuple):
                return Performance(**reply[1])
            self.close()
            self._open()
            return Performance(died="timeout" if reply == "timeout" else "all of its processes ended")
        self.close()
        self._open()
        return Performance(died="all of its processes ended")

    def _receive(self, timeout: float) -> Any:
        """The next reply; "timeout", or `None` where nobody is left to give one."""
        ready: Sequence[Any] = multiprocessing.connection.wait([self._replies, self._process.sentinel], timeout)
        if not ready:
            return "timeout"
        try:
            return self._replies.recv() if self._replies in ready or self._replies.poll() else None
        except (EOFError, OSError):
            return None

    def close(self) -> None:
        """End every process of the document."""
        self._requests.close()
        self._replies.close()
        self._process.kill()
        self._process.join()


def open_forkserver(names: Iterable[str], log: Path, certificate: Path, open_port: int | None = None) -> Forkserver:
    """The process that documents' processes are forked from, with the libraries that they use imported.

    Raises:
        UsageError: this system has no fork.
    """
    forkserver = Forkserver([*ALWAYS, *names], 1, log, environment(certificate, open_port))
    if not forkserver.preloads:
        raise UsageError("Examples are run by forking, which this system cannot: use `python -m suite lint-course`.")
    return forkserver


class OpenStandIns:
    """The stand-ins on a port of this machine's own loopback, where there are no walls for them to live behind."""

    def __init__(self, hints: Mapping[str, str], cache: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])
        self._process = multiprocessing.get_context("spawn").Process(
            target=front.serve_openly, args=(self.port, dict(hints), cache, Path(stage.NOTES)), daemon=True
        )
        with _unimportable_main():
            self._process.start()

    def wait(self) -> None:
        """Block until they answer.

        Raises:
            UsageError: they do not.
        """
        deadline = time.monotonic() + stage.START_SECONDS
        while time.monotonic() < deadline and self._process.is_alive():
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            time.sleep(0.05)
        raise UsageError("The stand-ins did not start: run one document without --unsafe to see why.")

    def close(self) -> None:
        """End them."""
        self._process.kill()
        self._process.join()
