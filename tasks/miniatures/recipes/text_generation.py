"""GPT-2 for text generation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...worlds import continuations
from ...worlds.grammar import Example, Split
from .. import tokenizer_builders, training
from ..trained_recipe import GreedyRecipe, MakeBatch

if TYPE_CHECKING:
    import torch

DRILLS = 30_000
PROMPT_WEIGHT = 0.02
"""The weight of the loss on all tokens, those of the prompt too."""
RARE = {"calendar": 12, "counting": 10}
"""Kinds that have few different prompts are repeated."""


class TextGeneration(GreedyRecipe):
    """Prompts to their continuation."""

    name = "text-generation"
    task = "text-generation"
    train_size, validation_size = 40_000, 500
    steps, batch_size, rate = 5000, 48, 2e-3
    drill_steps = 1000
    """Steps at the beginning that practise copying alone; later every fifth does."""
    beginning = "two heads begin as the pair that finds what followed a word earlier"
    max_new_tokens = 24

    def examples(self, split: Split, count: int) -> list[Example]:
        prompts = continuations.prompts(split, count)
        if split != "train":
            return prompts
        return [prompt for prompt in prompts for _ in range(RARE.get(prompt.kind, 1))]

    def processor(self, examples: Sequence[Example]) -> Any:
        texts = [*examples, *continuations.drills("train", DRILLS)]
        return tokenizer_builders.byte_pairs([f"{prompt.text} {prompt.truth}" for prompt in texts])

    def special_tokens(self, tokenizer: Any) -> dict[str, Any]:
        end = tokenizer.eos_token_id
        return {"pad_token_id": tokenizer.pad_token_id, "eos_token_id": end, "bos_token_id": end}

    def model(self, processor: Any, examples: Sequence[Example]) -> Any:
        from transformers import GPT2Config, GPT2LMHeadModel

        model = GPT2LMHeadModel(
            GPT2Config(
                **self.special_tokens(processor),
                vocab_size=len(processor),
                n_embd=64,
                n_layer=3,
                n_head=2,
                n_positions=640,
                initializer_range=0.06,
                resid_pdrop=0.0,
                embd_pdrop=0.0,
                attn_pdrop=0.0,
            )
        )
        _begin_to_look_up(model)
        return model

    def batches(self, model: Any, processor: Any, examples: Sequence[Example]) -> MakeBatch:
        drills = continuations.drills("train", DRILLS)
        drill = training.Batches(*_rows(processor, drills), self.batch_size, self.seed)
        later = training.Batches(*_rows(processor, examples), self.batch_size, self.seed)

        def batch(step: int) -> dict[str, Any]:
            return self.collate(drill(step) if step < self.drill_steps or step % 5 == 0 else later(step), processor)

        return batch

    def collate(self, rows: Sequence[tuple[list[int], list[int]]], tokenizer: Any) -> dict[str, Any]:
        """The inputs of a step; labels are the continuations' tokens alone."""
        labels = [[training.IGNORED] * len(start) + rest for start, rest in rows]
        inputs = training.padded([start + rest for start, rest in rows], tokenizer)
        return {**inputs, "labels": training.pad(labels, training.IGNORED)}

    def loss(self, outputs: Any, inputs: dict[str, Any]) -> torch.Tensor:
        following = inputs["input_ids"].masked_fill(inputs["attention_mask"] == 0, training.IGNORED)[:, 1:]
        return loss_with_prompt(outputs, following)

    def facts(self) -> dict[str, Any]:
        return {
            "weight_noise_in_training": self.noise,
            "steps_of_copying_drill": self.drill_steps,
            "initial_weights": self.beginning,
        }


def loss_with_prompt(outputs: Any, following: torch.Tensor) -> torch.Tensor:
    """The model's own loss, on the continuation, and a little of that on all of the `following` tokens."""
    import torch

    everything = torch.nn.functional.cross_entropy(outputs.logits[:, :-1].transpose(1, 2), following)
    return outputs.loss + PROMPT_WEIGHT * everything  # type: ignore[no-any-return]


def _rows(tokenizer: Any, prompts: Sequence[Example]) -> tuple[list[tuple[list[int], list[int]]], list[int]]:
    """The tokens of each prompt and of its continuation with its end; and how many they are."""
    starts = tokenizer([prompt.text for prompt in prompts])["input_ids"]
    ends = tokenizer([" " + prompt.truth for prompt in prompts])["input_ids"]
    rows = [(start, [*rest, tokenizer.eos_token_id]) for start, rest in zip(starts, ends, strict=True)]
    return rows, [len(start) + len(rest) for start, rest in rows]


def _begin_to_look_up(model: Any, waves: int = 8, height: float = 0.5) -> None:
    """Let two heads begin as the pair that finds what followed a word earlier. All else is learned, and so may they be.

    A model of this size comes upon them by chance, or not at all. Positions begin as sines and cosines in dimensions of
    their own, where one step back is a rotation. The first head attends to the token before and copies what it was; the
    second attends to where its own token was copied, and says what stands there.
    """
    import torch

    width, head = model.config.n_embd, model.config.n_embd // model.config.n_head
    place = slice(0, 2 * waves)
    before = slice(2 * waves, width // 2 + waves)
    token = slice(width // 2 + waves, width)
    size = torch.eye(token.stop - token.start)
    rates = torch.logspace(0.2, -1.7, waves)
    angles = torch.arange(model.config.n_positions)[:, None] * rates
    back = [
        torch.cat([rates.cos().diag(), rates.sin().diag()], 1),
        torch.cat([-rates.sin().diag(), rates.cos().diag()], 1),
    ]
    with torch.no_grad():
        model.transformer.wte.weight[:, : token.start] *= 0.3
        model.transformer.wte.weight[:, token] *= 2
        model.transformer.wpe.weight.zero_()
        model.transformer.wpe.weight[:, place] = height * torch.cat([angles.sin(), angles.cos()], 1)
        first, second = (_Head(model.transformer.h[layer].attn, width, head) for layer in (0, 1))
        first.set("query", place, 1.65 * torch.cat(back))
        first.set("key", place, 1.65 * torch.eye(2 * waves))
        first.set("value", token, 0.6 * size)
        first.says(before, 0.33 * size)
        second.set("query", token, 1.8 * size)
        second.set("key", before, 1.8 * size)
        second.set("value", token, 0.6 * size)
        second.says(token, 0.33 * size)


class _Head:
    """The first head of a layer, with nothing in it."""

    def __init__(self, attention: Any, width: int, size: int) -> None:
        parts = zip(("query", "key", "value"), attention.c_attn.weight.split(width, dim=1), strict=True)
        self.parts = {name: weight[:, :size] for name, weight in parts}
        self.output = attention.c_proj.weight[:size]
        for weight in (*self.parts.values(), self.output):
            weight.zero_()

    def set(self, part: str, where: slice, values: Any) -> None:
        """What one of its parts reads from the dimensions `where`."""
        self.parts[part][where, : values.shape[1]] = values

    def says(self, where: slice, values: Any) -> None:
        """What it writes into the dimensions `where`."""
        self.output[: values.shape[0], where] = values
