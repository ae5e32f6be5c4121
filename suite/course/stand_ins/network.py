"""The one server behind all names of a document's closed network: names, certificates, and who answers for which host.

Every name resolves to this machine's loopback, where the server presents a certificate for whatever name is asked. So
clients work unpatched, whatever address they have built in.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import socket
import ssl
import struct
import threading
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from suite.course.stand_ins.access_log import Note

PLAIN_PORTS = (80, 1234, 11434)
"""HTTP, and where LM Studio and Ollama listen. Other ports are left to servers that examples start."""
TLS_PORT, NAMES_PORT = 443, 53
LOOPBACK = "127.0.0.1"


class FileJournal:
    """A journal in a file that the judge reads, a line for each note; what was noted before is not noted again."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", buffering=1, encoding="utf-8")
        self._lock = threading.Lock()
        path.chmod(0o644)

    def note(self, note: Note) -> None:
        """See `Journal.note`."""
        with self._lock, contextlib.suppress(OSError, TypeError):
            self._file.write(json.dumps(asdict(note)) + "\n")


def open_sockets() -> dict[int, socket.socket]:
    """The sockets of the network's ports, while this process may still open such low ones."""
    sockets = {}
    for port in (*PLAIN_PORTS, TLS_PORT):
        # For both generations of addresses: a name resolves to the older, "localhost" may be the newer.
        sockets[port] = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=128)
    names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    names.bind((LOOPBACK, NAMES_PORT))
    sockets[NAMES_PORT] = names
    return sockets


def serve(
    sockets: Mapping[int, socket.socket], authority: bytes, hints: Mapping[str, str], cache: Path, notes: Path
) -> None:
    """Answer on these sockets until the process is killed."""
    import uvicorn

    from suite.course.stand_ins.routing import application

    journal = FileJournal(notes)
    threading.Thread(target=_answer_names, args=(sockets[NAMES_PORT], journal), daemon=True).start()
    app = application(journal, hints, cache)

    def server(**options: Any) -> uvicorn.Server:
        settings: dict[str, Any] = {
            "log_level": "error",
            "access_log": False,
            "lifespan": "off",
            "timeout_graceful_shutdown": 1,
        }
        return uvicorn.Server(uvicorn.Config(app, **settings, **options))

    plain, secured = server(), server()
    secured.config.load()
    secured.config.ssl = _tls(authority)

    async def serve_both() -> None:
        ports = [sockets[port] for port in PLAIN_PORTS]
        await asyncio.gather(plain.serve(sockets=ports), secured.serve(sockets=[sockets[TLS_PORT]]))

    asyncio.run(serve_both())


def serve_openly(port: int, hints: Mapping[str, str], cache: Path, notes: Path) -> None:
    """Answer on one port of this machine's own loopback, for runs of examples without a sandbox."""
    import uvicorn

    from suite.course.stand_ins.routing import application

    app = application(FileJournal(notes), hints, cache)
    uvicorn.run(app, host=LOOPBACK, port=port, log_level="error", access_log=False, lifespan="off")


def _tls(authority: bytes) -> ssl.SSLContext:
    """A context that shows a certificate for whatever name is asked, signed by our own authority."""
    import trustme

    ca = trustme.CA.from_pem(*authority.split(b"\0"))

    @functools.cache
    def context_for(name: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_alpn_protocols(["http/1.1"])
        ca.issue_cert(name).configure_cert(context)
        return context

    def choose(wrapped: Any, name: str | None, _: Any) -> None:
        with contextlib.suppress(ValueError):
            wrapped.context = context_for(name or LOOPBACK)

    first = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    first.set_alpn_protocols(["http/1.1"])
    ca.issue_cert("localhost", LOOPBACK, "::1").configure_cert(first)
    first.sni_callback = choose
    return first


def new_authority() -> tuple[bytes, bytes]:
    """A certificate authority of our own, for a run: its certificate, and what `serve` needs to sign in its name."""
    import trustme

    ca = trustme.CA(organization_name="Touchstone stand-ins")
    certificate = ca.cert_pem.bytes()
    return certificate, certificate + b"\0" + ca.private_key_pem.bytes()


def _answer_names(names: socket.socket, journal: FileJournal) -> None:
    """A name server in which every name is this machine (RFC 1035, one question at a time)."""
    noted: set[str] = set()
    while True:
        try:
            query, sender = names.recvfrom(1500)
        except OSError:
            return
        with contextlib.suppress(IndexError, struct.error, UnicodeDecodeError):
            name, end = _asked_name(query)
            (kind,) = struct.unpack_from("!H", query, end)
            answers = 1 if kind == 1 else 0
            reply = query[:2] + struct.pack("!HHHHH", 0x8180, 1, answers, 0, 0) + query[12 : end + 4]
            if answers:
                reply += struct.pack("!HHHIH", 0xC00C, 1, 1, 60, 4) + socket.inet_aton(LOOPBACK)
            if name not in noted:
                noted.add(name)
                journal.note(Note("host", name, "looked up"))
            names.sendto(reply, sender)


def _asked_name(query: bytes) -> tuple[str, int]:
    labels, place = [], 12
    while query[place]:
        length = query[place]
        labels.append(query[place + 1 : place + 1 + length].decode())
        place += length + 1
    return ".".join(labels).lower(), place + 1
