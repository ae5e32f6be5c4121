"""GPT-2 for text generation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from suite.miniatures import Progress, Recipe, Trained

from ...worlds import continuations
from ...worlds.grammar import Example
from .. import training

TRAIN_SIZE = 40_000
DRILLS = 30_000
DRILL_STEPS = 2000
STEPS = 6500
BATCH = 48
NOISE = 0.0
INITIAL = 0.12
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
        _look_back(model)
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
        facts = {"weight_noise_in_training": NOISE, "steps_of_copying_drill": DRILL_STEPS}
        return Trained(STEPS, seconds, sum(right) / len(right), facts)


def _rows(tokenizer: Any, prompts: list[Example]) -> tuple[list[tuple[list[int], list[int]]], list[int]]:
    """The tokens of each prompt and of its continuation with its end; and how many they are."""
    starts = tokenizer([prompt.text for prompt in prompts])["input_ids"]
    ends = tokenizer([" " + prompt.truth for prompt in prompts])["input_ids"]
    rows = [(start, [*rest, tokenizer.eos_token_id]) for start, rest in zip(starts, ends, strict=True)]
    return rows, [len(start) + len(rest) for start, rest in rows]


def _look_back(model: Any, waves: int = 8, height: float = 0.5, sharpness: float = 1.65) -> None:
    """Let one head of the first layer begin by attending to the token before.

    Finding what followed a word earlier needs such a head, and a small model takes very long to come upon it. Positions
    begin as sines and cosines in dimensions that tokens leave almost free, so that one step back is a rotation.
    """
    import torch

    rates = torch.logspace(0.2, -1.7, waves)
    angles = torch.arange(model.config.n_positions)[:, None] * rates
    turn = torch.cat(
        [
            torch.cat([rates.cos().diag(), rates.sin().diag()], 1),
            torch.cat([-rates.sin().diag(), rates.cos().diag()], 1),
        ]
    )
    attention = model.transformer.h[0].attn.c_attn.weight
    width, head = model.config.n_embd, model.config.n_embd // model.config.n_head
    with torch.no_grad():
        model.transformer.wte.weight[:, : 2 * waves] *= 0.15
        model.transformer.wpe.weight.zero_()
        model.transformer.wpe.weight[:, : 2 * waves] = height * torch.cat([angles.sin(), angles.cos()], 1)
        attention[:, :head] = 0
        attention[:, width : width + head] = 0
        attention[: 2 * waves, : 2 * waves] = sharpness * turn
        attention[: 2 * waves, width : width + 2 * waves] = sharpness * torch.eye(2 * waves)
