"""Keeps the optimizer of exported graphs from taking a small number for zero."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def only_zero_is_zero() -> Iterator[None]:
    """While a graph is exported: what is added is left out only where it is zero.

    onnxscript's rules leave out all that is no larger than 1e-8, as the epsilon of a normalization may be: what divides
    by the root of a zero vector's mean square, a padding token's say, then gives numbers that are not finite.
    """
    from onnxscript.rewriter import _matcher

    matcher: Any = _matcher.SimplePatternMatcher
    original = matcher._match_constant

    def match(self: Any, pattern: Any, value: Any) -> Any:
        if pattern.value == 0 and value.const_value is not None and value.const_value.size == 1:
            number = value.const_value.numpy().item()
            if number != 0:
                return self.fail(f"{number} is not zero.")
        return original(self, pattern, value)

    matcher._match_constant = match
    try:
        yield
    finally:
        matcher._match_constant = original
