"""A fixture for each check of the registry, by the check's name: the outcome of that check of `cell`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from suite.checks import REGISTRY, Check
from suite.core.cell import COULD_NOT_MEASURE, Cell, Status
from suite.core.errors import TouchstoneError, sentence
from suite.core.outcome import Outcome
from suite.core.printable import printable
from suite.plugin import parallel
from suite.plugin.again import TOO_NOISY
from suite.plugin.bench import RUN, is_named, measures_latency
from suite.plugin.benchmark_clock import replay, take_back

HARMLESS = frozenset({Status.PASSED, Status.UNSUPPORTED, Status.KNOWN_FAILURE})


def _untimed(name: str) -> Callable[..., Outcome]:
    def outcome(request: pytest.FixtureRequest, cell: Cell) -> Outcome:
        return _outcome(request, cell, name)

    return outcome


def _timed(name: str) -> Callable[..., Outcome]:
    """Of a check that measures calls: its outcome is replayed into pytest-benchmark."""

    def outcome(request: pytest.FixtureRequest, cell: Cell, benchmark: Any) -> Outcome:
        if not measures_latency(request.config):
            pytest.skip(f"pytest-benchmark is disabled, so {name} is not measured")
        benchmark.group = cell.group if cell.dtype != "none" else "the harness itself"

        def show(outcome: Outcome) -> None:
            benchmark.extra_info.update(cell=cell.id, status=str(outcome.status))
            take_back(request.config, request.node.nodeid)
            replay(benchmark, outcome.durations)

        return _outcome(request, cell, name, show)

    return outcome


def _fixture(check: Check) -> Any:
    outcome = _timed(check.name) if check.interleaved else _untimed(check.name)
    outcome.__doc__ = f"What came of the check of `cell`: {check.question}."
    return pytest.fixture(name=check.name)(outcome)


globals().update({f"outcome_of_{name}": _fixture(check) for name, check in REGISTRY.items()})


def _outcome(
    request: pytest.FixtureRequest, cell: Cell, check: str, replay_into: Callable[[Outcome], None] = lambda _: None
) -> Outcome:
    """Carry out the check while the item is set up, so that what could not be measured is an error, not a failure."""
    __tracebackhide__ = True
    config = request.config
    if parallel.is_worker(config):
        pytest.fail(parallel.REFUSAL, pytrace=False)
    run = config.stash[RUN]
    try:
        outcome = run.check(cell, check)
    except TouchstoneError as error:
        pytest.exit(sentence(error), returncode=pytest.ExitCode.USAGE_ERROR)
    replay_into(outcome)
    run.unmeasured.discard(request.node.nodeid)
    run.noisy.pop((cell.id, check), None)
    if outcome.status is Status.UNSTABLE and REGISTRY[check].interleaved:
        request.node.stash[TOO_NOISY] = cell
    if outcome.status is Status.UNSTABLE and not run.settings.strict:
        run.noisy[cell.id, check] = outcome.reason
        return outcome
    if outcome.status not in HARMLESS and not is_named(config) and run.is_one_of_several(cell):
        run.unasked.append(cell)
        pytest.skip(printable(f"{outcome.status}, and nothing asked for {cell.capability} by name: {outcome.reason}"))
    if outcome.status in COULD_NOT_MEASURE:
        run.unmeasured.add(request.node.nodeid)
        pytest.fail(printable(f"{cell.id}: {outcome.status}: {outcome.reason}"), pytrace=False)
    if outcome.status is Status.UNSUPPORTED:
        pytest.skip(f"unsupported: {outcome.reason}")
    if outcome.status is Status.KNOWN_FAILURE:
        pytest.xfail(outcome.reason)  # no mark, under which one that passes and is failed for it would be expected too
    return outcome
