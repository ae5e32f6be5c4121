"""What the worlds of text share: seeded draws, and a split of combinations that holds by construction.

A world never draws a sentence and then decides where it belongs. It draws each combination of content words
(a noun with its adjective, a first name with its surname) until that combination's hash lies in the wanted
split. A combination of the test split can therefore occur in no other.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

Split = Literal["train", "validation", "test"]

BUCKETS = 20
TEST_BUCKETS = range(0, 3)
VALIDATION_BUCKETS = range(3, 5)
TEST_SIZE = 600
TRIES = 200

Drawn = TypeVar("Drawn")


class NoneLeftError(Exception):
    """A place in a sentence that has no combination in the wanted split; the sentence is then given up."""


@dataclass(frozen=True)
class Example:
    """A text, its truth, and the combinations of words that it is made of."""

    text: str
    truth: Any
    combinations: tuple[tuple[str, ...], ...]
    kind: str


def split_of(*combination: str) -> Split:
    """The only split in which this combination of words may occur."""
    digest = hashlib.sha256("\x1f".join(combination).encode()).digest()
    bucket = int.from_bytes(digest[:4], "big") % BUCKETS
    if bucket in TEST_BUCKETS:
        return "test"
    return "validation" if bucket in VALIDATION_BUCKETS else "train"


class Draw:
    """Random choices for one split. It remembers the combinations that it gave out."""

    def __init__(self, split: Split, seed: int | str) -> None:
        self.split = split
        self.random = random.Random(f"{split}/{seed}")
        self.combinations: list[tuple[str, ...]] = []

    def one(self, choices: Sequence[Drawn]) -> Drawn:
        """One of the choices, unconstrained."""
        return choices[self.random.randrange(len(choices))]

    def some(self, choices: Sequence[Drawn], count: int) -> list[Drawn]:
        """`count` different choices in random order."""
        return self.random.sample(choices, count)

    def maybe(self, share: float) -> bool:
        """True with the probability `share`."""
        return self.random.random() < share

    def weighted(self, choices: Sequence[tuple[float, Drawn]]) -> Drawn:
        """One of the choices by weight."""
        return self.random.choices([choice for _, choice in choices], [weight for weight, _ in choices])[0]

    def together(self, pick: Callable[[], Drawn], key: Callable[[Drawn], tuple[str, ...]]) -> Drawn:
        """What `pick` draws, redrawn until the combination that `key` names belongs to this split.

        Raises:
            NoneLeftError: no combination of this split was found.
        """
        known = len(self.combinations)
        for _ in range(TRIES):
            drawn = pick()
            if split_of(*key(drawn)) == self.split:
                self.combinations.append(key(drawn))
                return drawn
            del self.combinations[known:]
        raise NoneLeftError(f"no combination of the {self.split} split was found")


def examples(
    make: Callable[[Draw], tuple[str, Any, str]], split: Split, count: int, seed: int | str = 0
) -> list[Example]:
    """`count` different examples of a split; `make` gives the text, the truth and the kind of sentence."""
    chosen: dict[str, Example] = {}
    for attempt in range(1000 * count):
        draw = Draw(split, f"{seed}/{attempt}")
        try:
            text, truth, kind = make(draw)
        except NoneLeftError:
            continue
        if not draw.combinations:
            continue  # It would belong to every split.
        chosen.setdefault(text, Example(text, truth, tuple(draw.combinations), kind))
        if len(chosen) == count:
            return list(chosen.values())
    raise ValueError(f"The world has fewer than {count} different examples in its {split} split.")
