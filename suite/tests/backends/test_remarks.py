"""What backends say of their times and memory holds for the processor at hand, or is not said."""

from __future__ import annotations

import pytest

from suite.backends.bf16 import BFloat16
from suite.backends.int8 import WITH_PRODUCTS, WITHOUT_PRODUCTS, speed
from suite.core.runnable import ON_MEMORY, ON_SPEED


@pytest.mark.parametrize(
    ("device", "flags", "said"),
    [
        ("cpu", {"avx2", "avx512f", "avx512_vnni"}, WITH_PRODUCTS),
        ("cpu", {"avx2"}, WITHOUT_PRODUCTS),
        ("cpu", {"asimd"}, None),
        ("cuda", {"avx2"}, None),
    ],
)
def test_int8_speaks_of_processors_that_were_tried(device: str, flags: set[str], said: str | None) -> None:
    assert speed(device, flags).get(ON_SPEED) == said


@pytest.mark.parametrize(
    ("device", "flags", "speaks"),
    [("cpu", {"avx2", "avx512f"}, True), ("cpu", {"avx2"}, False), ("cuda", {"avx512f"}, False)],
)
def test_bf16_speaks_of_processors_whose_kernels_it_has_made(
    device: str, flags: set[str], speaks: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("suite.measure.processor.flags", lambda: frozenset(flags))
    assert (ON_MEMORY in BFloat16().notes(device)) is speaks
