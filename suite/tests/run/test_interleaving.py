"""The order in which a checkpoint's backends are measured, with executors that only pretend; and builds that do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from suite.backends import Backend
from suite.checks.latency import round_rows
from suite.core.cell import Status
from suite.core.outcome import RequestFailed
from suite.core.rounds import Round, Rounds
from suite.core.subject import Subject
from suite.executors.base import Executor
from suite.run.interleaving import CYCLES, FEWEST_CYCLES, PATIENCE, measure_group
from suite.tests.support.synthetic_run import cell
from suite.worker.build_cache import BuildCache
from suite.worker.build_key import build_key, ensure_build


class Pretender:
    """Says how long its calls took, and notes that it was asked."""

    pid = None

    def __init__(self, name: str, journal: list[tuple[str, str]], seconds: Callable[[int], list[float]]) -> None:
        self.name, self.journal, self.seconds = name, journal, seconds
        self.rounds = 0

    def ask(self, method: str, timeout: float, **arguments: Any) -> Any:
        self.journal.append((self.name, method))
        if method == "warm_up":
            return 1
        self.rounds += 1
        return Round(self.seconds(self.rounds - 1), [], 0, 0.0, 0.0, None, 1.0, None)


def measure(
    budget: float = 1.0, seed: int = 0, precision: float = 0.0, **seconds: Callable[[int], list[float]]
) -> tuple[dict[str, Rounds], list[tuple[str, str]]]:
    journal: list[tuple[str, str]] = []
    executors = {name: cast(Executor, Pretender(name, journal, give)) for name, give in seconds.items()}
    return measure_group(executors, "a", budget=budget, precision=precision, timeout=10, seed=seed), journal


def steady(_: int) -> list[float]:
    return [0.1]


def noisy(cycle: int) -> list[float]:
    return [0.1 if cycle % 2 else 0.4]


def test_all_are_warmed_up_first_then_take_turns() -> None:
    results, journal = measure(a=steady, b=steady, c=steady)
    assert journal[:3] == [("a", "warm_up"), ("b", "warm_up"), ("c", "warm_up")]
    turns = [name for name, method in journal[3:] if method == "round"]
    assert len(turns) == 3 * CYCLES
    cycles = [turns[i : i + 3] for i in range(0, len(turns), 3)]
    assert cycles[0] == ["a", "b", "c"]
    assert all(sorted(cycle) == ["a", "b", "c"] for cycle in cycles)
    assert len({tuple(cycle) for cycle in cycles}) > 2, "shuffled"
    for name, result in results.items():
        assert [cycle for cycle, _ in result.places] == list(range(CYCLES))
        assert [cycles[cycle][place] for cycle, place in result.places] == [name] * CYCLES
        assert result.failure is None
        assert result.spent >= 0


def test_the_order_follows_from_the_seed() -> None:
    assert measure(a=steady, b=steady, c=steady)[1] == measure(a=steady, b=steady, c=steady)[1]
    assert measure(a=steady, b=steady, c=steady)[1] != measure(seed=1, a=steady, b=steady, c=steady)[1]


def test_what_is_noisy_gets_a_second_half_beside_the_reference() -> None:
    results, _ = measure(budget=4.0, a=steady, b=noisy, c=steady)
    assert {name: len(result.rounds) for name, result in results.items()} == {
        "a": 2 * CYCLES, "b": 2 * CYCLES, "c": CYCLES
    }  # fmt: skip


def test_the_reference_of_the_same_cycle_is_kept_with_every_round() -> None:
    results, _ = measure(a=lambda cycle: [0.1 + cycle / 1000], b=steady)
    rows = round_rows(results["b"], cell())
    assert [row["reference_ms"] for row in rows] == [pytest.approx(100 + row["cycle"]) for row in rows]
    results, _ = measure(b=steady)
    assert not any("reference_ms" in row for row in round_rows(results["b"], cell()))


def test_long_calls_get_their_fewest_rounds_and_no_more() -> None:
    results, _ = measure(a=steady, b=lambda _: [10.0])
    assert len(results["b"].rounds) == FEWEST_CYCLES
    assert FEWEST_CYCLES * 10.0 > PATIENCE
    assert len(results["a"].rounds) == CYCLES


def test_what_is_known_well_is_measured_no_longer_unless_it_is_what_others_are_compared_with() -> None:
    def within(share: float) -> Callable[[int], list[float]]:
        return lambda cycle: [0.1 * (1 + share * (-1) ** cycle)]

    results, _ = measure(budget=4.0, precision=0.05, a=within(0.01), b=within(0.03), c=within(0.2))
    assert {name: len(result.rounds) for name, result in results.items()} == {
        "a": CYCLES, "b": FEWEST_CYCLES, "c": CYCLES
    }  # fmt: skip
    assert None not in results["c"].reference
    results, _ = measure(budget=4.0, precision=0.05, a=within(0.01), b=within(0.03))
    assert {name: len(result.rounds) for name, result in results.items()} == {"a": FEWEST_CYCLES, "b": FEWEST_CYCLES}
    results, _ = measure(budget=4.0, precision=0.02, a=within(0.01), b=within(0.03))
    assert len(results["b"].rounds) == CYCLES


def test_one_that_stops_costs_its_own_alone() -> None:
    def dies(cycle: int) -> list[float]:
        if cycle == 3:
            raise RequestFailed(Status.OOM, "no memory")
        return [0.1]

    results, journal = measure(a=steady, b=dies)
    failure = results["b"].failure
    assert failure is not None
    assert failure.status is Status.OOM
    assert len(results["b"].rounds) == 3
    assert journal.count(("b", "round")) == 4, "asked no more"
    assert len(results["a"].rounds) == CYCLES


def test_one_that_cannot_be_warmed_up_is_not_timed() -> None:
    journal: list[tuple[str, str]] = []

    class Dead(Pretender):
        def ask(self, method: str, timeout: float, **arguments: Any) -> Any:
            super().ask(method, timeout, **arguments)
            raise RequestFailed(Status.ERROR, "dead")

    executors = {"a": Pretender("a", journal, steady), "b": Dead("b", journal, steady)}
    results = measure_group(cast(dict[str, Executor], executors), "a", budget=1.0, precision=0.0, timeout=10, seed=0)
    assert results["b"].rounds == []
    assert journal.count(("b", "round")) == 0
    assert len(results["a"].rounds) == CYCLES


# Builds.


class Plain:
    """Builds one file."""

    name = "plain"
    base: str | None = None
    libraries = ("numpy", "no-such-library")
    setting = 1

    def __init__(self) -> None:
        self.built: list[Path | None] = []

    def options(self) -> dict[str, int]:
        return {"setting": self.setting}

    def build(self, subject: Subject, directory: Path, base: Path | None) -> None:
        self.built.append(base)
        (directory / "file").write_text(self.name + ("" if base is None else (base / "file").read_text()))


class Derived(Plain):
    """Starts from the build of the other."""

    name, base = "derived", "plain"


@pytest.fixture
def backends(monkeypatch: pytest.MonkeyPatch) -> dict[str, Plain]:
    found: dict[str, Plain] = {"plain": Plain(), "derived": Derived()}
    monkeypatch.setattr("suite.worker.build_key.get_backend", found.__getitem__)
    return found


def subject(fingerprint: str = "f") -> Subject:
    return cast(
        Subject,
        SimpleNamespace(fingerprint=fingerprint, auto_class="AutoModel", generation=None, parts=(), device="cpu"),
    )


def test_a_build_and_the_one_it_starts_from_are_made_once(tmp_path: Path, backends: dict[str, Plain]) -> None:
    cache = BuildCache(tmp_path)
    derived, plain = backends["derived"], backends["plain"]
    name, made = ensure_build(cast(Backend, derived), subject(), cache)
    assert made
    assert (cache.content(name) / "file").read_text() == "derivedplain"
    assert ensure_build(cast(Backend, derived), subject(), cache) == (name, False)
    assert ensure_build(cast(Backend, plain), subject(), cache)[1] is False
    assert (len(plain.built), len(derived.built)) == (1, 1)
    assert ensure_build(cast(Backend, derived), subject("other weights"), cache)[1] is True
    assert (len(plain.built), len(derived.built)) == (2, 2)


def test_whatever_determines_a_build_is_in_its_key(backends: dict[str, Plain]) -> None:
    derived = cast(Backend, backends["derived"])
    key = build_key(derived, subject())
    assert key["libraries"]["no-such-library"] == "absent"
    assert key["libraries"]["numpy"][0].isdigit()
    assert key["base"] == build_key(cast(Backend, backends["plain"]), subject())
    backends["plain"].setting = 2
    assert build_key(derived, subject()) != key, "a change of the base is one of what starts from it"
