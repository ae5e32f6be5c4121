"""A Hub: the HTTP API of huggingface.co that its client libraries speak, answered with stand-ins.

Any revision is there. Reading needs no account; what needs one is refused as the Hub refuses it, and noted as "secret".
Every request for a repository is noted in the journal, so that whoever reads it sees which example asked.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from suite.course.stand_ins import web
from suite.course.stand_ins.access_log import Journal, Note
from suite.course.stand_ins.catalogue import resolve
from suite.course.stand_ins.hub.checkpoints import details, model_repository, search_models
from suite.course.stand_ins.hub.datasets import data_set_repository, resolve_data_set, search_data_sets
from suite.course.stand_ins.hub.metrics import metric_repository
from suite.course.stand_ins.hub.repository import Repository, etag

KINDS = "models|datasets|spaces"
VERBS = "revision|tree|paths-info|refs|commits|auth-check|xet-read-token|parquet|discussions|likers|treesize"
WRITES = "commit|preupload|branch|tag|settings|like|super-squash|lfs-files|xet-write-token|user-access-request"
LISTING = re.compile(rf"/api/(?P<kind>{KINDS})/?")
API = re.compile(
    rf"/api/(?P<kind>{KINDS})/(?P<repo>[^/]+(?:/[^/]+)??)(?:/(?P<verb>{VERBS}|{WRITES})(?:/(?P<rest>.*))?)?/?"
)
FILE = re.compile(r"/(?:(?P<kind>datasets|spaces)/)?(?P<repo>[^/]+(?:/[^/]+)?)/(?:resolve|raw)/(?P<rest>[^/]+/.+)")
CACHED = re.compile(rf"/api/resolve-cache/(?P<kind>{KINDS})/(?P<repo>[^/]+(?:/[^/]+)?)/(?P<rest>[0-9a-f]{{40}}/.+)")
PUBLIC_POSTS = re.compile(r"/api/validate-yaml|/api/telemetry/.*|.*/paths-info/.*")
REFUSED = "Invalid username or password."
PAGE = "<!doctype html><title>{name}</title><h1>{name}</h1><p>A page of the stand-in Hub.</p>"
LISTS: dict[str, Callable[[dict[str, list[str]]], list[dict[str, Any]]]] = {
    "models": search_models,
    "datasets": search_data_sets,
    "spaces": lambda _: [],
}
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]


def hub(journal: Journal, hints: Mapping[str, str], cache: Path) -> Starlette:
    """The application. `hints` says which task or class the document's code states for a name.

    What is made for it lies in `cache`, which several Hubs may share.
    """
    answers = _Hub(journal, hints, cache)

    async def answer(request: Request) -> Response:
        body = await request.body() if request.method == "POST" else b""
        return await run_in_threadpool(answers.answer, request, body)

    return Starlette(routes=[Route("/{path:path}", answer, methods=METHODS)])


class _Hub:
    def __init__(self, journal: Journal, hints: Mapping[str, str], cache: Path) -> None:
        self.journal, self.hints, self.cache = journal, hints, cache
        self.repositories: dict[tuple[str, str], Repository | None] = {}
        self.lock = threading.Lock()

    def answer(self, request: Request, body: bytes) -> Response:
        path = request.scope["raw_path"].decode("latin-1").partition("?")[0]
        if request.method not in {"GET", "HEAD"} and not PUBLIC_POSTS.fullmatch(path):
            return self.secret(f"{request.method} {path}")
        if path.startswith("/api/whoami"):
            return self.secret(path)
        if match := LISTING.fullmatch(path):
            parameters = parse_qs(request.url.query)
            return JSONResponse(LISTS[match["kind"]](parameters))
        if match := FILE.fullmatch(path) or CACHED.fullmatch(path):
            revision, _, file = match["rest"].partition("/")
            return self.file(match["kind"] or "models", unquote(match["repo"]), unquote(revision), unquote(file))
        if match := API.fullmatch(path):
            return self.api(request, match, body)
        if path.startswith("/api/telemetry"):
            return Response()
        if path == "/api/validate-yaml":
            return JSONResponse({"errors": [], "warnings": []})
        if path.startswith("/api/"):
            return self.unanswered(path, f"The stand-in Hub has no {path}.")
        return HTMLResponse(PAGE.format(name=unquote(path).strip("/")))

    def api(self, request: Request, match: re.Match[str], body: bytes) -> Response:
        repository = self.repository(match["kind"], unquote(match["repo"]))
        if repository is None:
            return refusal(401, "RepoNotFound", REFUSED)
        verb, (revision, _, below) = match["verb"] or "revision", (match["rest"] or "main").partition("/")
        revision = unquote(revision)
        plain: dict[str, Callable[[], Any]] = {
            "revision": lambda: repository.info(revision),
            "refs": lambda: {"branches": [_branch(repository)], "converts": [], "tags": []},
            "commits": lambda: [_commit(repository)],
            "parquet": lambda: repository.facts.get("parquet", {}),
            "discussions": lambda: {"discussions": [], "count": 0, "start": 0},
            "paths-info": lambda: _paths(repository, body),
            "likers": list,
            "auth-check": dict,
        }
        if verb in plain:
            return JSONResponse(plain[verb]())
        if verb == "tree":
            recursive = request.query_params.get("recursive", "").lower() in {"1", "true"}
            entries = repository.listing(unquote(below), recursive=recursive)
            if entries is None:
                return refusal(404, "EntryNotFound", f"{repository.id} has no folder {unquote(below)}.")
            return JSONResponse(entries)
        return self.unanswered(request.url.path, f"The stand-in Hub has no {verb} of a repository.")

    def file(self, kind: str, name: str, revision: str, path: str) -> Response:
        sample = web.sample(path)
        if sample is not None and kind == "datasets" and resolve_data_set(name).outcome == "unknown":
            # Documents show pictures and sounds from repositories that are nothing but the place where these lie.
            self.journal.note(Note("host", "huggingface.co", "answered", {"path": f"/{kind}/{name}/{path}"}))
            return sample
        repository = self.repository(kind, name)
        if repository is None:
            return refusal(401, "RepoNotFound", REFUSED)
        file = repository.files.get(path)
        if file is None and sample is not None:
            return sample
        headers = {"X-Repo-Commit": repository.commit(revision), "Access-Control-Expose-Headers": "X-Repo-Commit, ETag"}
        if file is None:
            return refusal(404, "EntryNotFound", f"Entry not found: {name} has no {path}.", headers)
        headers |= {"ETag": f'"{etag(file)}"', "Accept-Ranges": "bytes"}
        return FileResponse(file, headers=headers)

    def repository(self, kind: str, name: str) -> Repository | None:
        """What answers for a name, noted; made once."""
        if kind == "models":
            resolution = resolve(name, self.hints.get(name))
            repository = self.once(kind, name, lambda: model_repository(resolution, self.cache))
            self.journal.note(Note("checkpoint", name, resolution.outcome, details(resolution, repository)))
            return repository
        if kind == "datasets":
            answering = resolve_data_set(name)
            facts = {} if answering.meant is None else {"meant": answering.meant}
            self.journal.note(Note("data set", name, answering.outcome, facts))
            data_set = answering.entry
            if data_set is not None:
                return self.once(kind, name, lambda: data_set_repository(name, data_set, self.cache))
        return metric_repository(name) if kind == "spaces" else None

    def once(self, kind: str, name: str, make: Callable[[], Repository | None]) -> Repository | None:
        with self.lock:
            if (kind, name) not in self.repositories:
                self.repositories[kind, name] = make()
            return self.repositories[kind, name]

    def unanswered(self, path: str, reply: str) -> Response:
        self.journal.note(Note("endpoint", path, "refused", {"reply": reply}))
        return refusal(404, "EntryNotFound", reply)

    def secret(self, what: str) -> Response:
        self.journal.note(Note("secret", what, "refused"))
        return refusal(401, "", REFUSED)


def refusal(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """An error in the Hub's format: a code and a sentence in headers, and the sentence in the body."""
    error_headers = {"X-Error-Message": message} | ({"X-Error-Code": code} if code else {}) | dict(headers or {})
    return JSONResponse({"error": message}, status, error_headers)


def _branch(repository: Repository) -> dict[str, str]:
    return {"name": "main", "ref": "refs/heads/main", "targetCommit": repository.commit()}


def _commit(repository: Repository) -> dict[str, Any]:
    when = repository.info()["lastModified"]
    return {"id": repository.commit(), "title": "Stand-in", "message": "", "authors": [], "date": when}


def _paths(repository: Repository, body: bytes) -> list[dict[str, Any]]:
    """The files and folders at the paths that a request's body lists, as JSON or as a form."""
    try:
        paths = json.loads(body)["paths"]
    except ValueError:
        paths = parse_qs(body.decode()).get("paths", [])
    paths = [paths] if isinstance(paths, str) else paths
    files = [repository.entry(path, repository.files[path]) for path in paths if path in repository.files]
    folders = [path for path in paths if path not in repository.files and repository.listing(path, recursive=False)]
    return [*files, *({"type": "directory", "path": path, "size": 0, "oid": repository.commit()} for path in folders)]
