"""The order and the colours of backends."""

from __future__ import annotations

import random

from suite.backends import REGISTRY
from suite.report.style import SLOTS, backend_order, colours


def test_a_name_s_number_is_a_number() -> None:
    names = ["x-32", "x-8", "x-2", "y-1", "x-²", "x"]
    random.Random(0).shuffle(names)
    order = backend_order(names)
    assert [name for name in order if name in ("x-2", "x-8", "x-32")] == ["x-2", "x-8", "x-32"]
    assert sorted(order) == sorted(names)


def test_every_backend_of_the_registry_has_a_colour_of_its_own() -> None:
    assert len(set(colours(REGISTRY).values())) == len(REGISTRY)
    assert len({slot.variable for slot in SLOTS}) == len(SLOTS)
    assert colours(["lora-2"])["lora-2"] == colours(REGISTRY)["lora-2"], "whatever else is on the page"
