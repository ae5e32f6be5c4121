"""A document's processes as the parent sees them: started, sent example after example, replaced, ended."""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.connection
import os
import socket
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from suite.core.errors import UsageError
from suite.core.import_path import SAFE_PATH
from suite.course.documents.model import Example
from suite.course.documents.reply import LONGEST_REPLY, decode, parse_reply
from suite.course.documents.result import INVALID, LOST, TIMEOUT, ExampleResult
from suite.course.sandbox import fork_chain, namespaces, supervisor
from suite.course.sandbox.outer_wall import OuterWall
from suite.course.stand_ins import network
from suite.processes.forkserver import unimportable_main
from suite.processes.zygote import Enclosure, Zygote

ALWAYS: tuple[str, ...] = (
    "suite.course.stand_ins.network:", "suite.course.stand_ins.routing:", "suite.course.sandbox.app_servers:",
    "suite.course.sandbox.workload_limits:", "uvicorn:", "uvicorn.protocols.http.auto:", "uvicorn.loops.auto:",
    "trustme:", "requests:", "asyncio:", "transformers.generation.utils:", "datasets:", "PIL.Image:",
)  # fmt: skip
"""What every document's processes need."""
PROGRAM = "suite.course.sandbox.supervisor:main"
"""What a copy of the zygote runs for a document."""
MOST_REPLIES = 100
"""Messages that are read for one example."""
GRACE = 15.0
"""Seconds beyond an example's own limit after which the processes themselves must have failed."""
END_SECONDS = 30.0
"""For a document's processes to end as they are told to."""
MOST_BYTES = 3 * LONGEST_REPLY
"""Of all that is read for one example: its result, and what an earlier one may have sent besides its own."""
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
        SAFE_PATH: "1",
    }
    if open_port is None:
        # For the imports before the inner walls, which would else begin a home where the reader has none.
        fonts = {"MPLCONFIGDIR": "/tmp/matplotlib"}
        return namespaces.environment(secured | keys | quiet | fonts)
    here = f"http://127.0.0.1:{open_port}"
    addresses = dict.fromkeys(("HF_ENDPOINT", "OLLAMA_HOST", "GOOGLE_GEMINI_BASE_URL", "ANTHROPIC_BASE_URL"), here)
    own = {"HOME": str(certificate.parent), "TMPDIR": str(certificate.parent)}
    return namespaces.environment(keys | quiet | addresses | {"OPENAI_BASE_URL": f"{here}/v1"} | own)


class _NoReplyError(Exception):
    """No result has come; the text is the `termination` of the example."""


class DocumentProcess:
    """One document's processes. A document that loses them goes on in new ones, without the names that it had."""

    def __init__(self, zygote: Zygote, spec: supervisor.SandboxSpec) -> None:
        self._zygote, self._spec = zygote, spec
        self._open()

    def _open(self) -> None:
        """Start the processes, a second time where it was the zygote that ended meanwhile.

        Raises:
            UsageError: they cannot be started.
        """
        reason = self._try_to_open()
        if reason == "":
            reason = self._try_to_open()
        if reason is not None:
            raise UsageError(
                f"A document's processes could not be started ({reason or 'they ended at their start'}): see "
                f"{self._zygote.log}."
            )

    def _try_to_open(self) -> str | None:
        """`None` once they are ready; else why they are not, or "" where they have not said so."""
        theirs, self._requests = multiprocessing.Pipe(duplex=False)
        self._replies, answers = multiprocessing.Pipe(duplex=False)
        try:
            with theirs, answers:
                self._child = self._zygote.start([theirs.fileno(), answers.fileno()])
        except OSError as error:
            self._requests.close()
            self._replies.close()
            return str(error)
        self._received = bytearray()
        self._left = MOST_BYTES
        first: dict[str, Any] = {}
        with contextlib.suppress(_NoReplyError, OSError):
            self._requests.send(self._spec)
            first = self._receive(time.monotonic() + supervisor.START_SECONDS + GRACE)
        if "ready" in first:
            return None
        self.close()
        return next(reversed(str(first.get("refused", "")).strip().splitlines()), "")

    def execute(self, index: int, example: Example) -> ExampleResult:
        """Execute an example. Whatever happens to the processes is in the result's `termination`."""
        started = time.monotonic()
        deadline = started + fork_chain.LENIENCE * self._spec.limits.seconds + GRACE
        is_lost = False
        try:
            result = self._request(index, example, deadline)
        except _NoReplyError as error:
            result, is_lost = ExampleResult(termination=str(error)), True
        result.wall_s = round(time.monotonic() - started, 3)
        if is_lost:
            self.close()
            self._open()
        return result

    def _request(self, index: int, example: Example, deadline: float) -> ExampleResult:
        self._drop_replies()
        # Nobody may be left to take a request that is longer than a pipe holds.
        alarm = threading.Timer(deadline - time.monotonic(), self._child.end)
        alarm.start()
        try:
            self._requests.send((index, example))
        except OSError:
            raise _NoReplyError(LOST) from None
        finally:
            alarm.cancel()
        self._left = MOST_BYTES
        for _ in range(MOST_REPLIES):  # an earlier example may have sent more than its own reply
            reply = self._receive(deadline)
            if reply.get("index") == index:
                try:
                    return decode(reply)
                except ValueError:
                    break
        raise _NoReplyError(INVALID)

    def _drop_replies(self) -> None:
        """Forget what was sent before it was asked for: an earlier example does not answer for the next."""
        self._received.clear()
        left = MOST_BYTES
        while left > 0 and multiprocessing.connection.wait([self._replies], 0):
            data = os.read(self._replies.fileno(), 1 << 16)
            left -= len(data)
            if not data:
                return

    def _receive(self, deadline: float) -> dict[str, Any]:
        """The next reply, of which nothing is checked yet.

        Nothing here trusts the other end: it reads what is there, and never more than replies may be long.

        Raises:
            _NoReplyError: `TIMEOUT`; `LOST` where no process is left to send one; `INVALID` where it is not a reply.
        """
        end = self._received.find(b"\n")
        while end < 0:
            ready = multiprocessing.connection.wait([self._replies, self._child.fileno()], deadline - time.monotonic())
            if not ready or time.monotonic() > deadline:
                raise _NoReplyError(TIMEOUT)
            data = os.read(self._replies.fileno(), 1 << 16) if self._replies in ready else b""
            if not data:
                raise _NoReplyError(LOST)
            searched = len(self._received)
            self._received += data
            end = self._received.find(b"\n", searched)
            self._left -= len(data)
            if self._left < 0 or len(self._received) > LONGEST_REPLY:
                raise _NoReplyError(INVALID)
        line = bytes(self._received[:end])
        del self._received[: end + 1]
        try:
            return parse_reply(line)
        except ValueError:
            raise _NoReplyError(INVALID) from None

    def close(self) -> None:
        """End every process of the document."""
        self._requests.close()
        self._replies.close()
        self._child.end()
        if not self._child.join(END_SECONDS):
            self._zygote.kill()  # and every document with it: they go on in another


def open_zygote(names: Iterable[str], log: Path, certificate: Path, readable: Iterable[str], cache: str) -> Zygote:
    """The process that documents' processes are copied from, behind the outer wall, with their libraries imported.

    `readable` are the files and folders of the courses; `cache` is where stand-ins are kept, of
    which nothing can be changed there.

    Raises:
        UsageError: it cannot be started.
    """
    return _open(names, log, environment(certificate), OuterWall([str(certificate), *readable], cache))


def open_unsafe_zygote(names: Iterable[str], log: Path, certificate: Path, port: int) -> Zygote:
    """The same without a wall; the stand-ins are at a port of this machine.

    Raises:
        UsageError: this system has no fork.
    """
    if not hasattr(os, "fork"):
        raise UsageError("Examples are run by forking, which this system cannot: use `python -m suite lint-course`.")
    return _open(names, log, environment(certificate, port), None)


def _open(names: Iterable[str], log: Path, variables: Mapping[str, str], wall: Enclosure | None) -> Zygote:
    try:
        return Zygote(PROGRAM, [*ALWAYS, *names], variables, log, wall)
    except OSError as error:
        raise UsageError(f"The process that runs examples cannot be started: {error}.") from None


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
