"""What the outer wall costs a document: its processes started, one example run, all ended, with the wall and without.

Run as `python -m suite.benchmarks.walls [ROUNDS]`, on a machine that is otherwise idle. Both take turns, in an order
that changes, so that a drift of the machine meets both alike. The libraries are imported before, once for each.
"""

from __future__ import annotations

import random
import sys
import time

import numpy as np

from suite.core.errors import UsageError
from suite.core.ownership import TemporaryFolder
from suite.course.documents.model import Example
from suite.course.sandbox import document_process, outer_wall
from suite.course.sandbox.namespaces import Limits
from suite.course.sandbox.supervisor import SandboxSpec
from suite.course.stand_ins.network import new_authority
from suite.processes.zygote import Zygote

ROUNDS = 100
WARM_UP = 3


def measure(rounds: int) -> tuple[np.ndarray, np.ndarray]:
    """Seconds of each document, with the outer wall and without, in pairs.

    Raises:
        UsageError: there are no walls here.
    """
    if reason := outer_wall.missing():
        raise UsageError(f"There are no walls to measure: {reason}.")
    with TemporaryFolder("walls-") as folder:
        public, private = new_authority()
        certificate, cache, log = folder / "stand-ins.pem", folder / "cache", folder / "log.txt"
        certificate.write_bytes(public)
        cache.mkdir()
        spec = SandboxSpec(Limits(), str(cache), private, readable=(str(certificate),))
        walled = document_process.open_zygote([], log, certificate, [], str(cache))
        names, variables = document_process.ALWAYS, document_process.environment(certificate)
        bare = Zygote(document_process.PROGRAM, names, variables, log)
        try:
            for zygote in (walled, bare):
                for _ in range(WARM_UP):
                    _document(zygote, spec)
            pairs = [_pair(walled, bare, spec) for _ in range(rounds)]
        finally:
            walled.close()
            bare.close()
    return np.array([pair[0] for pair in pairs]), np.array([pair[1] for pair in pairs])


def _pair(walled: Zygote, bare: Zygote, spec: SandboxSpec) -> tuple[float, float]:
    if random.random() < 0.5:
        return _document(walled, spec), _document(bare, spec)
    second = _document(bare, spec)
    return _document(walled, spec), second


def _document(zygote: Zygote, spec: SandboxSpec) -> float:
    begun = time.perf_counter()
    process = document_process.DocumentProcess(zygote, spec)
    process.execute(0, Example("a.md", "0", 1, "1 + 1"))
    process.close()
    return time.perf_counter() - begun


if __name__ == "__main__":
    with_wall, without = measure(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
    draws = np.random.default_rng(0).choice(with_wall - without, (2000, len(without)))
    low, high = np.quantile(np.median(draws, axis=1), (0.025, 0.975))
    print(f"a document: {np.median(with_wall):.3f} s with the outer wall, {np.median(without):.3f} s without")
    print(f"median of the differences: {np.median(with_wall - without):+.4f} s (95 %: {low:+.4f} to {high:+.4f})")
