"""Initial weights that let narrow transformers learn to match tokens and positions."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def begin_as_waves(words: torch.nn.Embedding, positions: torch.nn.Embedding, size: int, height: float = 0.15) -> None:
    """Let positions begin as sines and cosines in the last `size` dimensions, and words in the others.

    A step to a neighbour is then the same everywhere, and what a word is can be told from where it stands.
    """
    import torch

    count = len(positions.weight)
    rates = 1000.0 ** (-torch.arange(0, size, 2) / size)
    angles = torch.arange(count)[:, None] * rates
    with torch.no_grad():
        positions.weight.zero_()
        positions.weight[:, -size:] = height * torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)
        words.weight[:, -size:] = 0.0


def begin_to_match(
    query: torch.nn.Linear, key: torch.nn.Linear, size: int, gain: float = 2.0, reads: slice = slice(None)
) -> None:
    """Let the first `size` dimensions of a layer's queries and keys begin alike: their heads then look for what is like
    the token itself in the dimensions that they read. Models of this size come upon it late, or not at all.

    Where these tell words, it is the same word elsewhere; where they tell positions, it is the neighbourhood.
    """
    import torch

    with torch.no_grad():
        alike = torch.zeros_like(query.weight[:size])
        alike[:, reads] = gain * query.weight[:size, reads]
        query.weight[:size] = alike
        key.weight[:size] = alike
