"""A Hub on this machine: as much of its protocol as fetching checkpoints and data sets needs, and its refusals."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from suite.task.discovery import tasks_root

SHA = "c" * 40
SECRET = "hf_" + "Secret" * 6
REFUSALS = {
    "org/gated": (403, "GatedRepo"),
    "org/missing": (404, "RepoNotFound"),
    "org/private": (401, "RepoNotFound"),
}
ROUTE = re.compile(r"/api/(?P<kind>models|datasets)/(?P<repo>[^/]+/[^/]+)(?P<rest>/.*)?")
RESOLVE = re.compile(r"/(?P<data>datasets/)?(?P<repo>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<file>.*)")

Files = dict[str, dict[str, bytes]]


@contextmanager
def serve(files: Files) -> Iterator[tuple[str, list[str]]]:
    """A Hub with these repositories (`{repo: {path: content}}`): its address, and the paths that were asked for."""
    asked: list[str] = []

    class Handler(_Handler):
        repositories = files
        log = asked

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    repositories: Files
    log: list[str]

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _answer(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.log.append(path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        match = ROUTE.fullmatch(path) or RESOLVE.fullmatch(path)
        repo = match["repo"] if match else ""
        if repo in REFUSALS:
            self._send(*REFUSALS[repo])
        elif repo not in self.repositories:
            self._send(404, "RepoNotFound")
        elif "/no-such-revision" in path:
            self._send(404, "RevisionNotFound")
        elif match and "file" in match.groupdict():
            self._file(self.repositories[repo].get(match["file"]))
        elif match:
            self._api(repo, match["rest"] or "", body)

    def _api(self, repo: str, rest: str, body: bytes) -> None:
        files = self.repositories[repo]
        if rest.startswith("/tree/"):
            self._json(listing(files, "/".join(rest.split("/")[3:])))
        elif rest.startswith("/paths-info/"):
            self._json([entry(name, files[name]) for name in json.loads(body)["paths"] if name in files])
        elif rest in {"", f"/revision/{SHA}"} or rest.startswith("/revision/"):
            self._json({"id": repo, "sha": SHA, "siblings": [{"rfilename": name} for name in files]})
        else:
            self._send(404, "EntryNotFound")

    def _file(self, content: bytes | None) -> None:
        if content is None:
            self._send(404, "EntryNotFound")
        else:
            self._send(200, "", content, etag=f'"{hashlib.sha1(content).hexdigest()}"')

    def _json(self, value: object) -> None:
        self._send(200, "", json.dumps(value).encode())

    def _send(self, status: int, error: str = "", content: bytes = b"", etag: str = "") -> None:
        self.send_response(status)
        headers = {"Content-Length": str(len(content)), "X-Repo-Commit": SHA, "X-Error-Code": error, "ETag": etag}
        for name, value in headers.items():
            if value:
                self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


def listing(files: dict[str, bytes], folder: str) -> list[dict[str, object]]:
    """Everything below a folder, folders too; a client that asked for less ignores the rest."""
    names = {str(parent): b"" for name in files for parent in Path(name).parents if str(parent) != "."} | files
    below = {name: content for name, content in names.items() if not folder or name.startswith(f"{folder}/")}
    return [entry(name, content) | ({} if name in files else {"type": "directory"}) for name, content in below.items()]


def entry(name: str, content: bytes) -> dict[str, object]:
    """A file in a listing."""
    return {"type": "file", "path": name, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}


def run(code: str, home: Path, endpoint: str | None, *arguments: Any) -> Any:
    """What a script prints as its last line, in a process whose Hub is `endpoint`; offline without one."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
    environment |= {"HF_HOME": str(home), "HF_TOKEN": SECRET, "HF_HUB_DISABLE_XET": "1", "HF_HUB_ETAG_TIMEOUT": "2"}
    environment |= {"HF_HUB_OFFLINE": "1"} if endpoint is None else {"HF_ENDPOINT": endpoint}
    done = subprocess.run(
        [sys.executable, "-c", code, *map(json.dumps, arguments)],
        capture_output=True,
        text=True,
        env=environment,
        cwd=tasks_root().parent,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert SECRET not in done.stdout
    return json.loads(done.stdout.splitlines()[-1])
