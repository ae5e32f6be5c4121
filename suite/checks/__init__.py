"""One file per check: what it asks of a worker, how the answer is judged, and which columns it writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from suite.checks.accuracy import Accuracy
from suite.checks.adapter import AdapterCheck
from suite.checks.base import Check
from suite.checks.conformance import Conformance
from suite.checks.fidelity import Fidelity
from suite.checks.keeps import Keeps
from suite.checks.latency import Latency
from suite.checks.learns import Learns
from suite.checks.reproducible import Reproducible
from suite.checks.resumes import Resumes

REGISTRY: Mapping[str, Check] = MappingProxyType(
    {
        check.name: check
        for check in (
            Conformance(),
            Fidelity(),
            Accuracy(),
            Learns(),
            Reproducible(),
            Resumes(),
            AdapterCheck(),
            Keeps(),
            Latency(),
        )
    }
)
"""Every check by name, in the order in which a cell goes through them."""
CHECKS = tuple(REGISTRY)


@cache
def worker_requests() -> Mapping[str, Callable[..., Any]]:
    """What the checks ask of a worker, by the request's name."""
    return MappingProxyType({name: answer for check in REGISTRY.values() for name, answer in check.requests.items()})


__all__ = ["CHECKS", "REGISTRY", "Check", "worker_requests"]
