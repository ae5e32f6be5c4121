"""Llama for text generation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from suite.task.miniatures import Progress, Recipe, Trained

from ...worlds import continuations
from ...worlds.grammar import Example
from .. import training
from ..rotary import BEGINNING, begin_to_look_up

TRAIN_SIZE = 40_000
DRILLS = 30_000
DRILL_STEPS = 500
STEPS = 2800
BATCH = 48
RATE = 2.5e-3
INITIAL = 0.06
PROMPT_WEIGHT = 0.02
IGNORED = -100
RARE = {"calendar": 12, "counting": 10}
"""Kinds that have few different prompts are repeated."""


class TextGenerationLlama(Recipe):
    """Prompts to their continuation."""

    name = "text-generation-llama"
    task = "text-generation"

    def train(self, directory: Path, work: Path, progress: Progress) -> Trained:
        """Train."""
        import torch
        from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM

        training.seed_everything(self.seed)
        prompts = continuations.prompts("train", TRAIN_SIZE)
        held_out = continuations.prompts("validation", 500)
        prompts = [prompt for prompt in prompts for _ in range(RARE.get(prompt.kind, 1))]
        drills = continuations.drills("train", DRILLS)
        tokenizer = training.byte_pairs([f"{prompt.text} {prompt.truth}" for prompt in prompts + drills])
        end = tokenizer.eos_token_id
        config = LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=64,
            intermediate_size=128,
            num_hidden_layers=3,
            num_attention_heads=4,
            num_key_value_heads=2,
            head_dim=32,
            max_position_embeddings=640,
            initializer_range=INITIAL,
            tie_word_embeddings=True,
            bos_token_id=end,
            eos_token_id=end,
            pad_token_id=tokenizer.pad_token_id,
        )
        model = LlamaForCausalLM(config)
        begin_to_look_up(model)
        progress(f"{sum(weight.numel() for weight in model.parameters()):,} parameters, {len(tokenizer)} tokens")
        drill = training.Batches(*_rows(tokenizer, drills), BATCH, self.seed)
        later = training.Batches(*_rows(tokenizer, prompts), BATCH, self.seed)

        def batch(step: int) -> dict[str, Any]:
            chosen = drill(step) if step < DRILL_STEPS or step % 5 == 0 else later(step)
            inputs = training.pad([start + rest for start, rest in chosen], tokenizer.pad_token_id)
            # Padding comes last, where no token can look at it: no mask is needed.
            return {
                "input_ids": inputs,
                "labels": training.pad([[IGNORED] * len(start) + rest for start, rest in chosen], IGNORED),
            }

        def loss(outputs: Any, inputs: dict[str, Any]) -> torch.Tensor:
            following = inputs["input_ids"][:, 1:]
            following = following.masked_fill(following == tokenizer.pad_token_id, IGNORED)
            everything = torch.nn.functional.cross_entropy(outputs.logits[:, :-1].transpose(1, 2), following)
            return outputs.loss + PROMPT_WEIGHT * everything

        seconds = training.fit(model, batch, STEPS, work, progress, rate=RATE, loss=loss)
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
        facts = {"steps_of_copying_drill": DRILL_STEPS, "initial_weights": BEGINNING}
        return Trained(STEPS, seconds, sum(right) / len(right), facts)


def _rows(tokenizer: Any, prompts: list[Example]) -> tuple[list[tuple[list[int], list[int]]], list[int]]:
    """The tokens of each prompt and of its continuation with its end; and how many they are."""
    starts = tokenizer([prompt.text for prompt in prompts])["input_ids"]
    ends = tokenizer([" " + prompt.truth for prompt in prompts])["input_ids"]
    rows = [(start, [*rest, tokenizer.eos_token_id]) for start, rest in zip(starts, ends, strict=True)]
    return rows, [len(start) + len(rest) for start, rest in rows]
