"""GPT-2 for text generation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from suite.task.miniatures import Progress, Recipe, Trained

from ...worlds import continuations
from ...worlds.grammar import Example
from .. import training

TRAIN_SIZE = 40_000
DRILLS = 30_000
DRILL_STEPS = 1000
STEPS = 5000
BATCH = 48
NOISE = 0.0
INITIAL = 0.06
BEGINNING = "two heads begin as the pair that finds what followed a word earlier"
PROMPT_WEIGHT = 0.02
IGNORED = -100
RARE = {"calendar": 12, "counting": 10}
"""Kinds that have few different prompts are repeated."""


class TextGeneration(Recipe):
    """Prompts to their continuation."""

    name = "text-generation"
    task = "text-generation"

    def train(self, directory: Path, work: Path, progress: Progress) -> Trained:
        """Train."""
        import torch
        from transformers import GenerationConfig, GPT2Config, GPT2LMHeadModel

        training.seed_everything(self.seed)
        prompts = continuations.prompts("train", TRAIN_SIZE)
        held_out = continuations.prompts("validation", 500)
        prompts = [prompt for prompt in prompts for _ in range(RARE.get(prompt.kind, 1))]
        drills = continuations.drills("train", DRILLS)
        tokenizer = training.byte_pairs([f"{prompt.text} {prompt.truth}" for prompt in prompts + drills])
        end = tokenizer.eos_token_id
        config = GPT2Config(
            vocab_size=len(tokenizer),
            n_embd=64,
            n_layer=3,
            n_head=2,
            n_positions=640,
            initializer_range=INITIAL,
            bos_token_id=end,
            eos_token_id=end,
            pad_token_id=tokenizer.pad_token_id,
            resid_pdrop=0.0,
            embd_pdrop=0.0,
            attn_pdrop=0.0,
        )
        model = GPT2LMHeadModel(config)
        _begin_to_look_up(model)
        progress(f"{sum(weight.numel() for weight in model.parameters()):,} parameters, {len(tokenizer)} tokens")
        drill = training.Batches(*_rows(tokenizer, drills), BATCH, self.seed)
        later = training.Batches(*_rows(tokenizer, prompts), BATCH, self.seed)

        def batch(step: int) -> dict[str, Any]:
            chosen = drill(step) if step < DRILL_STEPS or step % 5 == 0 else later(step)
            inputs = training.pad([start + rest for start, rest in chosen], tokenizer.pad_token_id)
            labels = training.pad([[IGNORED] * len(start) + rest for start, rest in chosen], IGNORED)
            mask = (inputs != tokenizer.pad_token_id).long()
            return {"input_ids": inputs, "attention_mask": mask, "labels": labels}

        def loss(outputs: Any, inputs: dict[str, Any]) -> torch.Tensor:
            following = inputs["input_ids"].masked_fill(inputs["attention_mask"] == 0, IGNORED)[:, 1:]
            everything = torch.nn.functional.cross_entropy(outputs.logits[:, :-1].transpose(1, 2), following)
            return outputs.loss + PROMPT_WEIGHT * everything

        seconds = training.fit(model, batch, STEPS, work, progress, rate=2e-3, noise=NOISE, loss=loss)
        right = []
        for start in range(0, len(held_out), 50):
            chosen = held_out[start : start + 50]
            encoded = tokenizer([prompt.text for prompt in chosen], padding=True, return_tensors="pt")
            with torch.inference_mode():
                tokens = model.generate(**encoded, max_new_tokens=24, do_sample=False, num_beams=1)  # type: ignore[misc]
            answers = tokenizer.batch_decode(tokens[:, encoded["input_ids"].shape[1] :], skip_special_tokens=True)
            right += [answer.strip() == prompt.truth for answer, prompt in zip(answers, chosen, strict=True)]
        training.by_kind(held_out, right, progress)
        model.generation_config = GenerationConfig(
            pad_token_id=tokenizer.pad_token_id, eos_token_id=end, bos_token_id=end
        )
        model.save_pretrained(directory)
        tokenizer.save_pretrained(directory)
        facts = {"weight_noise_in_training": NOISE, "steps_of_copying_drill": DRILL_STEPS, "initial_weights": BEGINNING}
        return Trained(STEPS, seconds, sum(right) / len(right), facts)


def _rows(tokenizer: Any, prompts: list[Example]) -> tuple[list[tuple[list[int], list[int]]], list[int]]:
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
