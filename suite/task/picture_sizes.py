"""Pictures that their processor leaves of different sizes: those of one size go together, so that none gets margins.

A model that is given margins beside a picture answers otherwise: it sees an edge that is not there, and places are told
as shares of a larger picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from suite.task.base import Batch, sizes_of

if TYPE_CHECKING:
    from suite.core.runnable import Runnable

PIXELS, PIXEL_MASK = "pixel_values", "pixel_mask"


def together(each: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What a processor made of single pictures as one batch; sizes that differ are noted, and filled up with zeros."""
    import torch

    sizes = [tuple(one[PIXELS].shape[-2:]) for one in each]
    if len(set(sizes)) == 1:
        return {name: torch.cat([one[name] for one in each]) for name in each[0]}
    height, width = (max(size[axis] for size in sizes) for axis in (0, 1))
    batch = {}
    for name, first in each[0].items():
        is_picture = tuple(first.shape[-2:]) == sizes[0]
        shape = (*first.shape[1:-2], height, width) if is_picture else first.shape[1:]
        batch[name] = first.new_zeros((len(each), *shape))
        for row, one in enumerate(each):
            own = (..., slice(one[name].shape[-2]), slice(one[name].shape[-1])) if is_picture else (...,)
            batch[name][row][own] = one[name][0]
    return Batch(batch, sizes=sizes)


def without_margins(runnable: Runnable, batch: Mapping[str, Any]) -> Any:
    """The outputs of a forward as if each picture had been alone; one whose rows differ in size is a list of them."""
    sizes = sizes_of(batch) or []
    groups = [[row for row, size in enumerate(sizes) if size == wanted] for wanted in sorted(set(sizes))]
    parts = []
    for rows in groups:
        # One alone runs beside itself, as a batch: an exporter takes a size of 1 for a constant.
        several = rows * 2 if len(rows) == 1 else rows
        height, width = sizes[rows[0]]
        whole = tuple(batch[PIXELS].shape[-2:])
        parts.append(
            runnable(
                {
                    name: value[several][..., :height, :width] if tuple(value.shape[-2:]) == whole else value[several]
                    for name, value in batch.items()
                }
            )
        )
    return _joined(parts, groups)


def _joined(parts: Sequence[Any], groups: Sequence[Sequence[int]]) -> Any:
    """One output of all rows, in their order; what is no tensor with an entry for each row is left out."""
    import torch

    count, joined = sum(map(len, groups)), SimpleNamespace()
    for name, first in parts[0].items():
        if not isinstance(first, torch.Tensor) or not first.dim() or first.shape[0] < len(groups[0]):
            continue
        rows: list[Any] = [None] * count
        for part, places in zip(parts, groups, strict=True):
            for place, value in zip(places, part[name], strict=False):
                rows[place] = value
        setattr(joined, name, torch.stack(rows) if len({row.shape for row in rows}) == 1 else rows)
    return joined
