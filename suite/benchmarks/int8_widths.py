"""At which width a linear layer in int8 becomes faster than in float32, on this machine.

Run as `python -m suite.benchmarks.int8_widths [WIDTH ...]`. For each width and number of rows, a layer as the backend
int8 quantizes it and one as eager has it take turns, on one thread; the times are the processor's, so that a crowded
machine does little. Only ratios are printed: medians over the turns, with the smallest and the largest.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

ROWS = (1, 16, 128)
"""Of an input: one step of a generation, a sentence, a page."""
WIDTHS = (64, 128, 256, 512, 1024, 2048, 4096)
TURNS = 5
MOST_CALLS = 50
WORK = 3e8
"""Multiplications of one turn, at least those of one call."""


@dataclass(frozen=True)
class Measured:
    """The time of a quantized layer over that of a plain one, turn by turn."""

    rows: int
    width: int
    ratios: np.ndarray


def measure(rows: Sequence[int], widths: Sequence[int]) -> Iterator[Measured]:
    """A layer of every width, for every number of rows."""
    import torch

    torch.set_num_threads(1)
    with torch.inference_mode():
        for count in rows:
            for width in widths:
                plain, quantized = _layer(width), _layer(width)
                _quantize(quantized)
                given = torch.randn(1, count, width)
                calls = max(1, min(MOST_CALLS, int(WORK / (count * width * width))))
                turns = [[_seconds(layer, given, calls) for layer in (quantized, plain)] for _ in range(TURNS + 1)]
                taken = np.array(turns[1:])  # the first turn is for caches
                yield Measured(count, width, taken[:, 0] / taken[:, 1])


def turning_width(measured: Sequence[Measured]) -> int | None:
    """The width from which on no layer was slower quantized, of one number of rows by width; `None` for none."""
    found = None
    for one in reversed(measured):
        if np.median(one.ratios) > 1:
            break
        found = one.width
    return found


def _layer(width: int) -> Any:
    import torch

    return torch.nn.Sequential(torch.nn.Linear(width, width)).eval()


def _quantize(model: Any) -> None:
    from suite.backends.int8 import quantizable, quantize

    quantize(model, quantizable(model))


def _seconds(layer: Any, given: Any, times: int) -> float:
    """Of the processor."""
    started = time.thread_time()
    for _ in range(times):
        layer(given)
    return time.thread_time() - started


def main() -> None:
    """Print a line for each width, and where it turns."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("widths", nargs="*", type=int, default=list(WIDTHS))
    widths = sorted(parser.parse_args().widths)
    print(f"{'rows':>5} {'width':>6} {'int8 / eager':>13}  of {TURNS} turns")
    for rows in ROWS:
        done = []
        for one in measure([rows], widths):
            done.append(one)
            low, middle, high = np.quantile(one.ratios, [0, 0.5, 1])
            print(f"{one.rows:>5} {one.width:>6} {middle:>13.2f}  {low:.2f} to {high:.2f}", flush=True)
        turned = turning_width(done)
        print(f"{rows:>5}  " + ("it turns at no width that was tried" if turned is None else f"it turns at {turned}"))


if __name__ == "__main__":
    main()
