"""Generation that is the same on every backend: new tokens, their raw scores, and the time of each.

Per-step logits come from `generate()` itself, through the very cache that is measured. To compare two backends on
identical prefixes, one is made to follow the other's tokens (`forced`): the raw logits at each step then answer the
same question.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from suite.task.generation_settings import SEARCH, plainly, setting

if TYPE_CHECKING:
    import numpy as np
    import torch

    from suite.core.runnable import Runnable


@dataclass
class Generated:
    """What a batch generated.

    `tokens`: (batch, steps) new token ids, padded after the end; `logits`: (batch, steps, vocabulary) raw scores
    before any processor, float32; `lengths`: per input the number of steps up to and with the end token.
    """

    tokens: torch.Tensor
    logits: torch.Tensor
    lengths: list[int]

    def scores(self) -> list[np.ndarray]:
        """Per input its raw scores up to and with the end token: (steps, vocabulary), float32."""
        return [scores[:length].float().cpu().numpy() for scores, length in zip(self.logits, self.lengths, strict=True)]


def generate(
    runnable: Runnable,
    batch: Mapping[str, Any],
    options: Mapping[str, Any],
    forced: torch.Tensor | None = None,
) -> Generated:
    """Generate with `options`, or follow the `forced` tokens (batch, steps) and report the raw scores at each step."""
    if forced is not None:
        return _followed(runnable, batch, options, forced)
    if setting(runnable.model, options, "num_beams") != 1:
        # The scores of beams are those of other prefixes: what was found is read again, token by token.
        found = runnable.generate(batch, **options)
        return _followed(runnable, batch, options, found[:, _prompt_length(runnable.model, batch) :])
    return _generated(runnable, batch, options, [])


def samples(runnable: Runnable, options: Mapping[str, Any]) -> bool:
    """Whether tokens are drawn at random, so that an answer depends on what was drawn before it."""
    return bool(setting(runnable.model, options, "do_sample"))


def _followed(runnable: Runnable, batch: Mapping[str, Any], options: Mapping[str, Any], tokens: Any) -> Generated:
    """The scores along given tokens: (batch, steps)."""
    steps = tokens.shape[1]
    kept = {name: value for name, value in options.items() if name not in SEARCH}
    kept |= {"max_new_tokens": steps, "min_new_tokens": steps, "do_sample": False, "num_beams": 1}
    with plainly(runnable.model):
        followed = _generated(runnable, batch, kept, [_Follow(tokens)])
    tokens = tokens.cpu()
    return Generated(tokens, followed.logits, _lengths(tokens, end_tokens(runnable.model)))


def _generated(
    runnable: Runnable, batch: Mapping[str, Any], options: Mapping[str, Any], processors: list[Any]
) -> Generated:
    import torch

    out = runnable.generate(
        batch, **options, logits_processor=processors, return_dict_in_generate=True, output_logits=True
    )
    # Whatever was there before the first new token (a prompt, a start token, both) is not counted by its kind of model.
    tokens = out.sequences[:, out.sequences.shape[1] - len(out.logits) :].cpu()
    logits = torch.stack([step.float().cpu() for step in out.logits], dim=1)
    return Generated(tokens, logits, _lengths(tokens, end_tokens(runnable.model)))


def _prompt_length(model: Any, batch: Mapping[str, Any]) -> int:
    """How many tokens of a sequence were there before the first new one."""
    name = "decoder_input_ids" if model.config.is_encoder_decoder else "input_ids"
    return int(batch[name].shape[1]) if name in batch else 1


def end_tokens(model: Any) -> set[int]:
    """The token ids that end a generation."""
    end = model.generation_config.eos_token_id
    if end is None:
        return set()
    return set(end) if isinstance(end, list | tuple) else {int(end)}


def _lengths(tokens: torch.Tensor, end: set[int]) -> list[int]:
    lengths = []
    for row in tokens.tolist():
        stop = next((index + 1 for index, token in enumerate(row) if token in end), len(row))
        lengths.append(stop)
    return lengths


class _Follow:
    """A logits processor that allows only the next of the given tokens."""

    def __init__(self, tokens: torch.Tensor) -> None:
        self.tokens = tokens
        self.start: int | None = None

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        if self.start is None:
            self.start = input_ids.shape[1]
        step = input_ids.shape[1] - self.start
        forced = scores.new_full(scores.shape, float("-inf"))
        return forced.scatter(1, self.tokens[:, step : step + 1].to(scores.device), 0.0)


class TokenClock:
    """A stopping criterion that never stops: it notes when each new token was there."""

    def __init__(self, runnable: Runnable) -> None:
        self.runnable = runnable
        self.seconds: list[float] = []

    def __call__(self, input_ids: torch.Tensor, _scores: Any, **_: Any) -> torch.Tensor:
        """Note the time; no sequence is done."""
        import torch

        self.runnable.synchronize()
        self.seconds.append(time.perf_counter())
        return torch.zeros(input_ids.shape[0], dtype=torch.bool, device=input_ids.device)
