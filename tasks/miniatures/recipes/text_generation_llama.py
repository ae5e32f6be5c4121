"""Llama for text generation, trained on the same prompts as GPT-2."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from suite.task import Batch

from ...worlds.grammar import Example
from .. import rotary, training
from .text_generation import TextGeneration, loss_with_prompt

if TYPE_CHECKING:
    import torch


class TextGenerationLlama(TextGeneration):
    """Prompts to their continuation."""

    name = "text-generation-llama"
    steps, rate = 2800, 2.5e-3
    drill_steps = 500

    def model(self, processor: Any, examples: Sequence[Example]) -> Any:
        return rotary.small_llama(self.special_tokens(processor), len(processor))

    def collate(self, rows: Sequence[tuple[list[int], list[int]]], tokenizer: Any) -> dict[str, Any]:
        inputs = super().collate(rows, tokenizer)
        # Padding comes last, where no token can look at it: the model needs no mask, the loss does.
        return Batch({name: inputs[name] for name in ("input_ids", "labels")}, notes=inputs["attention_mask"])

    def loss(self, outputs: Any, inputs: Any) -> torch.Tensor:
        following = inputs["input_ids"].masked_fill(inputs.notes == 0, training.IGNORED)[:, 1:]
        return loss_with_prompt(outputs, following)

    def facts(self) -> dict[str, Any]:
        return {"steps_of_copying_drill": self.drill_steps, "initial_weights": rotary.BEGINNING}
