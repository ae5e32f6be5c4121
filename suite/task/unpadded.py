"""Inference without padding, for families whose answers would depend on it: inputs of one length go together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from suite.task.generation import Generated, generate

if TYPE_CHECKING:
    import torch

    from suite.core.runnable import Runnable


def without_padding(runnable: Runnable, batch: Mapping[str, Any]) -> Any:
    """The outputs of a forward as if each row had been alone: (rows, length, ...), zeros where padding was.

    The batch has an `attention_mask`; what it has for each token is cut, whichever side the padding is on.
    """
    mask = batch["attention_mask"].bool()
    groups = _of_one_length(mask)
    # One alone runs beside itself, as a batch: an exporter takes a size of 1 for a constant.
    parts = [runnable(_cut(batch, mask, rows, again=2 if len(rows) == 1 < len(mask) else 1)) for rows in groups]
    return _joined(parts, groups, mask)


def generate_without_padding(
    runnable: Runnable, batch: Mapping[str, Any], options: Mapping[str, Any], forced: torch.Tensor | None = None
) -> Generated:
    """`generate` for one row at a time, since some of these families cannot keep the states of several apart.

    A row that is done before others is filled up with its last token.
    """
    import torch

    mask = batch["attention_mask"].bool()
    rows = []
    for row in range(len(mask)):
        alone = _cut(batch, mask, [row], again=1)
        rows.append(generate(runnable, alone, options, forced=None if forced is None else forced[row : row + 1]))
    steps = max(one.tokens.shape[1] for one in rows)

    def filled(values: torch.Tensor) -> torch.Tensor:
        missing = steps - values.shape[1]
        return torch.cat([values, values[:, -1:].expand(-1, missing, *values.shape[2:])], dim=1)

    tokens = torch.cat([filled(one.tokens) for one in rows])
    logits = torch.cat([filled(one.logits) for one in rows])
    return Generated(tokens, logits, [one.lengths[0] for one in rows])


def _of_one_length(mask: Any) -> list[list[int]]:
    """The rows of each length, the shortest first."""
    lengths = mask.sum(dim=1).tolist()
    return [[row for row, length in enumerate(lengths) if length == wanted] for wanted in sorted(set(lengths))]


def _cut(batch: Mapping[str, Any], mask: Any, rows: Sequence[int], again: int) -> dict[str, Any]:
    kept = mask[rows]
    length = int(kept[0].sum())
    cut = {}
    for name, value in batch.items():
        own = value[rows]
        if own.shape[1:2] == mask.shape[1:]:
            own = own[kept].reshape(len(rows), length, *own.shape[2:])
        cut[name] = own.repeat(again, *[1] * (own.dim() - 1))
    return cut


def _joined(parts: Sequence[Any], groups: Sequence[Sequence[int]], mask: Any) -> Any:
    """One output of all rows, in their order. What has an entry for each token, in every group, is spread again."""
    import torch

    joined = {}
    for name, first in parts[0].items():
        values = [part[name] for part in parts]
        if not all(isinstance(value, torch.Tensor) and value.dim() for value in values):
            continue
        values = [value[: len(rows)] for value, rows in zip(values, groups, strict=True)]
        sizes = [int(mask[rows[0]].sum()) for rows in groups]
        if all(value.shape[1:2] == (size,) for value, size in zip(values, sizes, strict=True)):
            whole = first.new_zeros((len(mask), mask.shape[1], *first.shape[2:]))
            for value, rows in zip(values, groups, strict=True):
                for row, states in zip(rows, value, strict=True):
                    whole[row, mask[row]] = states
        elif all(value.shape[1:] == first.shape[1:] for value in values):
            whole = first.new_zeros((len(mask), *first.shape[1:]))
            for value, rows in zip(values, groups, strict=True):
                whole[rows] = value
        else:
            continue
        joined[name] = whole
    return type(parts[0])(**joined)
