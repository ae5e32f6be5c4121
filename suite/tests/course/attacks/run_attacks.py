"""Runs documents behind the walls as a given user: a document per line of standard input, its results per line of
standard output. Where the line is a text it is code that runs behind the outer wall alone, and its answer comes back.

Run as `python -m suite.tests.course.attacks.run_attacks USER FOLDER`. Root becomes USER before anything else.
"""

from __future__ import annotations

import ctypes
import json
import multiprocessing
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from suite.core.files import project_root
from suite.course.documents.model import Example
from suite.course.sandbox import document_process, namespaces, seccomp, syscalls
from suite.course.sandbox.supervisor import SandboxSpec
from suite.course.stand_ins.network import new_authority
from suite.processes.zygote import Zygote
from suite.tests.course.attacks import bare

LIMITS = namespaces.Limits(memory=2**31, disk=2**28, seconds=8.0)
SECRET = "hush-hush"
KEY = "touchstone-test-key"
"""Of a secret in the session keyring of the process that starts documents."""


def become(user: int) -> None:
    """Become an unprivileged user who can still execute this interpreter, wherever root alone may look for it."""
    wanted = [*map(Path, namespaces.interpreter_files()), project_root(), Path("/tmp")]
    closed = {parent for path in wanted for parent in path.parents if not parent.stat().st_mode & 1}
    syscalls.unshare(syscalls.NEW_MOUNTS)
    syscalls.mount("none", "/", None, syscalls.RECURSIVE | syscalls.PRIVATE)
    for folder in sorted(closed):
        inside = [(path, os.open(path, os.O_PATH)) for path in sorted(wanted) if path.is_relative_to(folder)]
        syscalls.mount("tmpfs", str(folder), "tmpfs", 0, "mode=0755")
        for path, opened in inside:
            if not path.exists():
                path.mkdir(parents=True)
                syscalls.bind(f"/proc/self/fd/{opened}", str(path))
            os.close(opened)
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)


def main(folder: Path) -> None:
    """Answer documents (lists of examples' codes) until the input ends."""
    seccomp.leave_session_keyring()
    if seccomp.supported():
        number = seccomp.DENIED["add_key"][list(seccomp.AUDIT).index(os.uname().machine)]
        ctypes.CDLL(None).syscall(number, b"user", KEY.encode(), SECRET.encode(), len(SECRET), -3)
    certificate = folder / "stand-ins.pem"
    public, authority = new_authority()
    certificate.write_bytes(public)
    (folder / "cache" / "stand-ins").mkdir(parents=True, exist_ok=True)
    (folder / "cache" / "stand-ins" / "kept").write_text("weights")
    sibling = folder / "data.txt"
    sibling.write_text("keep me")
    spec = SandboxSpec(LIMITS, str(folder / "cache"), authority, siblings={"data.txt": str(sibling)})
    log = folder / "log.txt"
    zygote = document_process.open_zygote([], log, certificate, [str(sibling)], spec.cache)
    document_process.PROGRAM, document_process.ALWAYS = bare.PROGRAM, ()
    without_inner_walls = document_process.open_zygote([], log, certificate, [str(sibling)], spec.cache)
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        results: list[dict[str, Any]] = []
        if isinstance(code := json.loads(line), str):
            print(run_bare(without_inner_walls, code), flush=True)
            continue
        process = document_process.DocumentProcess(zygote, spec)
        try:
            for index, code in enumerate(json.loads(line)):
                results.append(asdict(process.execute(index, Example("a.md", str(index), 1, code))))
        finally:
            process.close()
        print(json.dumps(results), flush=True)


def run_bare(zygote: Zygote, code: str) -> str:
    """What code answers that is behind the outer wall alone, as JSON."""
    theirs, requests = multiprocessing.Pipe(duplex=False)
    replies, answers = multiprocessing.Pipe(duplex=False)
    with theirs, answers:
        child = zygote.start([theirs.fileno(), answers.fileno()])
    with requests, replies:
        requests.send_bytes(code.encode())
        answer = replies.recv_bytes().decode()
    child.end()
    assert child.join(10)
    return answer


if __name__ == "__main__":
    user = int(sys.argv[1])
    if os.getuid() != user:
        become(user)
        os.execv(sys.executable, [sys.executable, "-P", "-m", __spec__.name, *sys.argv[1:]])
    main(Path(sys.argv[2]))
