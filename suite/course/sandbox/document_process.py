"""A document's processes as the parent sees them: started, sent example after example, replaced, ended."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import multiprocessing.connection
import os
import socket
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from suite.core.errors import UsageError
from suite.core.files import cache_root
from suite.course.documents.model import Example
from suite.course.documents.result import LOST, TIMEOUT, ExampleResult
from suite.course.sandbox import fork_chain, namespaces, supervisor
from suite.course.stand_ins import network
from suite.course.stand_ins.access_log import read_note
from suite.processes.forkserver import Forkserver, unimportable_main

ALWAYS = (
    "suite.course.stand_ins.network:", "suite.course.stand_ins.routing:", "suite.course.sandbox.app_servers:",
    "suite.course.sandbox.workload_limits:", "uvicorn:", "uvicorn.protocols.http.auto:", "uvicorn.loops.auto:",
    "trustme:", "requests:", "asyncio:", "transformers.generation.utils:", "datasets:", "PIL.Image:",
)  # fmt: skip
"""What every document's processes need."""
GRACE = 15.0
"""Seconds beyond an example's own limit after which the processes themselves must have failed."""
LONGEST = 8_000_000
"""Bytes of a reply."""
PLACEHOLDERS = (
    "OPENAI_API_KEY", "AZURE_OPENAI_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY", "ANTHROPIC_API_KEY", "GROQ_API_KEY",
    "MISTRAL_API_KEY", "OPENROUTER_API_KEY", "DEEPSEEK_API_KEY", "TOGETHER_API_KEY", "HF_TOKEN", "HF_API_KEY",
    "HUGGINGFACE_API_KEY", "HUGGINGFACEHUB_API_TOKEN", "HF_API_TOKEN", "HUGGING_FACE_HUB_TOKEN",
)  # fmt: skip
"""Keys of services that have a stand-in. Their values are no secret: any will do."""


def environment(certificate: Path, open_port: int | None = None) -> dict[str, str]:
    """The environment variables of a document: nothing of this process's.

    `certificate` is the file with that of the stand-ins' authority, seen inside the walls and outside.

    Without walls names are not redirected: variables name the stand-ins' address, at `open_port`, and the
    certificate's folder is home.
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
        # For the imports before the walls, which would else begin a home where the reader has none.
        fonts = {"MPLCONFIGDIR": str(cache_root() / "matplotlib")}
        return namespaces.environment(secured | keys | quiet | fonts)
    here = f"http://127.0.0.1:{open_port}"
    addresses = dict.fromkeys(("HF_ENDPOINT", "OLLAMA_HOST", "GOOGLE_GEMINI_BASE_URL", "ANTHROPIC_BASE_URL"), here)
    own = {"HOME": str(certificate.parent), "TMPDIR": str(certificate.parent)}
    return namespaces.environment(keys | quiet | addresses | {"OPENAI_BASE_URL": f"{here}/v1"} | own)


class DocumentProcess:
    """One document's processes. A document that loses them goes on in new ones, without the names that it had."""

    def __init__(self, forkserver: Forkserver, spec: supervisor.SandboxSpec, log: Path) -> None:
        self._forkserver, self._spec, self._log = forkserver, spec, log
        self._open()

    def _open(self) -> None:
        context = self._forkserver.context
        theirs, self._requests = context.Pipe(duplex=False)
        self._replies, answers = context.Pipe(duplex=False)
        self._process = context.Process(
            target=supervisor.main, args=(theirs, answers, self._spec, str(self._log)), daemon=True
        )
        with unimportable_main():
            self._process.start()
        theirs.close()
        answers.close()
        self._received = b""
        first = self._receive(time.monotonic() + supervisor.START_SECONDS + GRACE)
        if not isinstance(first, dict) or "ready" not in first:
            self.close()
            reason = first["refused"].strip().splitlines()[-1] if isinstance(first, dict) else "it ended at its start"
            raise UsageError(f"A document's processes could not be started ({reason}): see {self._log}.")

    def execute(self, index: int, example: Example) -> ExampleResult:
        """Execute an example. Whatever happens to the processes is in the result's `termination`."""
        deadline = time.monotonic() + fork_chain.LENIENCE * self._spec.limits.seconds + GRACE
        reply: Any = None
        with contextlib.suppress(OSError):
            self._requests.send((index, example))
            reply = self._receive(deadline)
            while isinstance(reply, dict) and reply.get("index") != index:
                reply = self._receive(deadline)  # an earlier example has sent more than its own reply
        with contextlib.suppress(TypeError, AttributeError):
            return _result(reply)
        self.close()
        self._open()
        return ExampleResult(termination=TIMEOUT if reply == TIMEOUT else LOST)

    def _receive(self, deadline: float) -> Any:
        """The next reply; `TIMEOUT`, or `None` where no process is left to send one, or what it sends is not a reply.

        Nothing here trusts the other end: it reads what is there, and never more than a reply may be long.
        """
        while b"\n" not in self._received:
            ready = multiprocessing.connection.wait(
                [self._replies, self._process.sentinel], deadline - time.monotonic()
            )
            if not ready:
                return TIMEOUT
            data = os.read(self._replies.fileno(), 1 << 16) if self._replies in ready else b""
            self._received += data
            if not data or len(self._received) > LONGEST:
                return None
        line, _, self._received = self._received.partition(b"\n")
        with contextlib.suppress(ValueError, RecursionError):
            reply = json.loads(line)
            return reply if isinstance(reply, dict) else None
        return None

    def close(self) -> None:
        """End every process of the document."""
        self._requests.close()
        self._replies.close()
        self._process.kill()
        self._process.join()


def _result(reply: dict[str, Any]) -> ExampleResult:
    """A reply as it was before JSON, which has neither tuples nor notes. Raises TypeError where it is not a result."""
    fields: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in reply.items() if name != "index"
    }
    notes = [read_note(note) for note in fields.pop("notes", ())]
    return ExampleResult(notes=[note for note in notes if note is not None], **fields)


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

    def __init__(self, hints: Mapping[str, str], cache: Path, notes: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])
        self._process = multiprocessing.get_context("spawn").Process(
            target=network.serve_openly, args=(self.port, dict(hints), cache, notes), daemon=True
        )
        with unimportable_main():
            self._process.start()

    def wait(self) -> None:
        """Block until they answer.

        Raises:
            UsageError: they do not.
        """
        deadline = time.monotonic() + supervisor.START_SECONDS
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
