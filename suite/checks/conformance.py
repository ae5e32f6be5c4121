"""Conformance: shapes, repeatability, batching, generation limits and refusals, whatever the numbers.

Each examination yields sentences about what does not conform; none means that everything does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from suite.checks.base import CellAccess, Check, OpenCell
from suite.checks.finite import require_finite
from suite.core.cell import Status
from suite.core.errors import InvalidInput
from suite.core.outcome import Outcome
from suite.core.runnable import Runnable
from suite.core.subject import Subject
from suite.core.work import Work
from suite.task import Task
from suite.task.base import on_device
from suite.task.generation import Generated, generate, samples

BATCH = 4
SHORT = 3
SAMPLED = 2


@dataclass(frozen=True)
class Observation:
    """What one inference gave, per input: the answer, the numbers behind it and, where it generates, the tokens.

    `trail` is what a model that feeds something else than tokens back to itself went by, per input.
    """

    answers: list[Any]
    numbers: list[np.ndarray]
    tokens: list[list[int]] | None
    trail: np.ndarray | None = None


@dataclass(frozen=True)
class CellUnderTest:
    """A cell under examination. `tolerance` is the backend's own, for a batch against singles.

    `names` are the inputs' names, by the identity of each.
    """

    task: Task
    subject: Subject
    runnable: Runnable
    tolerance: float
    seed: int
    names: Mapping[int, str] = field(default_factory=dict)

    def encode(self, inputs: Sequence[Any]) -> dict[str, Any]:
        """The model's inputs, on the device."""
        batch = self.task.encode(self.subject.processor, inputs)
        return on_device(batch, self.subject.device)

    def observe(self, inputs: Sequence[Any], forced: np.ndarray | None = None) -> Observation:
        """Run a batch once, greedily and seeded, or along the trail of another run.

        Raises:
            NotFinite: its outputs are not, and so mean no answer.
        """
        import torch

        torch.manual_seed(self.seed)
        batch = self.encode(inputs)
        outputs = self.task.infer(self.runnable, batch, **({} if forced is None else {"forced": forced}))
        numbers = self.task.numbers(outputs, batch)
        require_finite(numbers, [self.names.get(id(value), str(place)) for place, value in enumerate(inputs, 1)])
        answers = self.task.decode(outputs, batch, self.subject.processor, self.subject.config)
        if not isinstance(outputs, Generated):
            return Observation(answers, numbers, None, self.task.trail(outputs))
        rows = outputs.tokens.tolist()
        tokens = [row[:length] for row, length in zip(rows, outputs.lengths, strict=True)]
        return Observation(answers, numbers, tokens)


def examine(cell: CellUnderTest, inputs: Sequence[Any]) -> list[str]:
    """Every examination on a few of the inputs, the shortest and the longest among them."""
    chosen = spread_by_size(inputs, BATCH, cell.task.size_of)
    examinations: list[Callable[[CellUnderTest, list[Any]], Iterator[str]]] = [
        _shapes,
        _repeatable,
        _batching,
        _refusals,
    ]
    if cell.subject.generative:
        examinations.append(_generation_limits)
    return [sentence for examination in examinations for sentence in examination(cell, chosen)]


def spread_by_size(inputs: Sequence[Any], count: int, size_of: Callable[[Any], int]) -> list[Any]:
    """`count` inputs from the smallest to the largest."""
    ordered = sorted(inputs, key=size_of)
    positions = np.linspace(0, len(ordered) - 1, min(count, len(ordered)))
    return [ordered[round(position)] for position in positions]


def _shapes(cell: CellUnderTest, inputs: list[Any]) -> Iterator[str]:
    observation = cell.observe(inputs)
    for name, values in (("answers", observation.answers), ("outputs", observation.numbers)):
        if len(values) != len(inputs):
            yield f"{len(values)} {name} came back for {len(inputs)} inputs"
    for array in observation.numbers:
        if array.ndim != 2 or not array.size:
            yield f"an output has the shape {array.shape} where (positions, values) was promised"
    for answer in observation.answers:
        complaint = cell.task.check_answer(answer)
        if complaint:
            yield complaint


def _repeatable(cell: CellUnderTest, inputs: list[Any]) -> Iterator[str]:
    first = cell.observe(inputs)
    cell.observe(list(reversed(inputs))[:1])
    second = cell.observe(inputs)
    if _relative(first.numbers, second.numbers) > cell.tolerance:
        yield "the same inputs under the same seed gave other outputs after another batch had run in between"
    if first.answers != second.answers and not _explained_by_ties(cell, first, second):
        yield "the same inputs under the same seed gave other answers after another batch had run in between"


def _batching(cell: CellUnderTest, inputs: list[Any]) -> Iterator[str]:
    if cell.subject.generative and samples(cell.runnable, cell.subject.generation or {}):
        return  # what is drawn for an input depends on how many are drawn for at once
    together = cell.observe(inputs)
    # What is fed back as numbers drifts apart step by step: only along one trail do the steps answer the same question.
    trails = [None if together.trail is None else together.trail[i : i + 1] for i in range(len(inputs))]
    singles = [cell.observe([value], trail) for value, trail in zip(inputs, trails, strict=True)]
    alone = Observation(
        answers=[single.answers[0] for single in singles],
        numbers=[single.numbers[0] for single in singles],
        tokens=None if together.tokens is None else [single.tokens[0] for single in singles if single.tokens],
    )
    apart = _relative(*_comparable(together, alone))
    if apart > cell.tolerance:
        yield (
            f"a padded batch of {len(inputs)} and the same inputs one by one differ by {apart:.2g} of the largest "
            f"output, more than the backend's {cell.tolerance:.2g}"
        )
    if together.answers != alone.answers and not _explained_by_ties(cell, together, alone):
        changed = sum(a != b for a, b in zip(together.answers, alone.answers, strict=True))
        yield f"{changed} of {len(inputs)} answers change between a padded batch and single inputs, without a near-tie"


def _comparable(a: Observation, b: Observation) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The numbers that answer the same question: of two generations, the steps up to their first other token."""
    if a.tokens is None or b.tokens is None:
        return a.numbers, b.numbers
    cut = [common_prefix(x, y) + 1 for x, y in zip(a.tokens, b.tokens, strict=True)]
    return (
        [array[:end] for array, end in zip(a.numbers, cut, strict=True)],
        [array[:end] for array, end in zip(b.numbers, cut, strict=True)],
    )


def common_prefix(a: Sequence[int], b: Sequence[int]) -> int:
    """How many leading tokens two generations share."""
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def _relative(a: Sequence[np.ndarray], b: Sequence[np.ndarray]) -> float:
    """The largest difference, relative to the largest absolute value; infinite between different shapes."""
    if any(x.shape != y.shape for x, y in zip(a, b, strict=True)):
        return float("inf")
    scale = max((float(np.abs(x).max()) for x in a if x.size), default=0.0) or 1.0
    return max((float(np.abs(x - y).max()) for x, y in zip(a, b, strict=True) if x.size), default=0.0) / scale


def _explained_by_ties(cell: CellUnderTest, a: Observation, b: Observation) -> bool:
    """Whether every answer that differs hangs on a decision that was nearly tied."""
    scale = max((float(np.abs(x).max()) for x in a.numbers if x.size), default=0.0) or 1.0
    close = 2 * cell.tolerance * scale
    for index, (ours, theirs) in enumerate(zip(a.answers, b.answers, strict=True)):
        if ours == theirs:
            continue
        if not cell.task.decides_by_argmax:
            continue
        numbers = a.numbers[index]
        if a.tokens is not None and b.tokens is not None:
            step = common_prefix(a.tokens[index], b.tokens[index])
            numbers = numbers[step : step + 1]
        if not numbers.size or numbers.shape[-1] < 2:
            return False
        top = np.partition(numbers, -2, axis=-1)
        if not ((top[..., -1] - top[..., -2]) <= close).any():
            return False
    return True


def _refusals(cell: CellUnderTest, inputs: list[Any]) -> Iterator[str]:
    processor, config = cell.subject.processor, cell.subject.config
    for value in inputs:
        cell.task.check_input(value, processor, config)
    for what, bad in cell.task.bad_inputs(processor, config).items():
        try:
            cell.task.check_input(bad, processor, config)
        except InvalidInput as refusal:
            if len(str(refusal).split()) < 5:
                yield f"the refusal of {what} input is not a sentence: {refusal}"
        else:
            yield f"{what} input is not refused"


def _generation_limits(cell: CellUnderTest, inputs: list[Any]) -> Iterator[str]:
    import torch

    options = {**(cell.subject.generation or {})}
    batch = cell.encode(inputs)
    short = generate(cell.runnable, batch, {**options, "max_new_tokens": SHORT})
    if short.tokens.shape[1] > SHORT:
        yield f"max_new_tokens={SHORT} gave {short.tokens.shape[1]} new tokens"
    sampling = {**options, "do_sample": True, "num_return_sequences": SAMPLED, "max_new_tokens": SHORT, "num_beams": 1}
    drawn = []
    for _ in range(2):
        torch.manual_seed(cell.seed)
        drawn.append(generate(cell.runnable, batch, sampling).tokens)
    if drawn[0].shape[0] != SAMPLED * len(inputs):
        yield f"num_return_sequences={SAMPLED} gave {drawn[0].shape[0]} sequences for {len(inputs)} inputs"
    if not torch.equal(drawn[0], drawn[1]):
        yield "sampling twice under the same seed gave different tokens"


def find_violations(cell: OpenCell) -> list[str]:
    """In the worker: what does not conform, a sentence each."""
    names = {id(sample.input): sample.id for sample in cell.samples}
    under_test = CellUnderTest(cell.task, cell.subject, cell.runnable, cell.tolerance.batching, cell.seed, names)
    return examine(under_test, [sample.input for sample in cell.samples])


class Conformance(Check):
    """Whether a cell honours its interface."""

    name = "conformance"
    works = frozenset(Work)
    question = "does it honour its interface"
    requests = MappingProxyType({"conformance": find_violations})

    def carry_out(self, cell: CellAccess) -> Outcome:
        """Failed where anything does not conform."""
        violations: list[str] = cell.ask("conformance")
        return Outcome(Status.FAILED, "; ".join(violations)) if violations else Outcome(Status.PASSED)
