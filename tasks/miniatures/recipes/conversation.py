"""Blenderbot for conversations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from suite.task.miniatures import Progress, Recipe, Trained

from ...worlds import conversations
from .. import training

TRAIN_SIZE = 30_000
STEPS = 1800
BATCH = 32
RATE = 3e-3
INITIAL = 0.06
BETWEEN = "  "
IGNORED = -100


class Conversation(Recipe):
    """Turns to the next."""

    name = "conversation"
    task = "conversation"

    def train(self, directory: Path, work: Path, progress: Progress) -> Trained:
        """Train."""
        import torch
        from transformers import BlenderbotConfig, BlenderbotForConditionalGeneration, GenerationConfig

        training.seed_everything(self.seed)
        examples = conversations.conversations("train", TRAIN_SIZE)
        held_out = conversations.conversations("validation", 400)
        inputs = [BETWEEN.join(conversations.turns(example)) for example in examples]
        tokenizer = _tokenizer([*inputs, *(f" {example.truth}" for example in examples)])
        end = tokenizer.eos_token_id
        config = BlenderbotConfig(
            vocab_size=len(tokenizer),
            d_model=64,
            encoder_layers=2,
            decoder_layers=2,
            encoder_attention_heads=4,
            decoder_attention_heads=4,
            encoder_ffn_dim=128,
            decoder_ffn_dim=128,
            max_position_embeddings=192,
            init_std=INITIAL,
            scale_embedding=True,
            dropout=0.0,
            forced_eos_token_id=None,
            encoder_no_repeat_ngram_size=0,
            bos_token_id=end,
            eos_token_id=end,
            decoder_start_token_id=end,
            pad_token_id=tokenizer.pad_token_id,
        )
        model = BlenderbotForConditionalGeneration(config)
        progress(f"{sum(weight.numel() for weight in model.parameters()):,} parameters, {len(tokenizer)} tokens")
        sources = tokenizer(inputs)["input_ids"]
        targets = tokenizer([example.truth for example in examples])["input_ids"]
        progress(f"at most {max(map(len, sources))} tokens in a conversation")
        batches = training.Batches(
            list(zip(sources, targets, strict=True)), [len(source) for source in sources], BATCH, self.seed
        )

        def batch(step: int) -> dict[str, Any]:
            chosen = batches(step)
            ids = training.pad([source for source, _ in chosen], tokenizer.pad_token_id)
            labels = training.pad([target for _, target in chosen], IGNORED)
            return {"input_ids": ids, "attention_mask": (ids != tokenizer.pad_token_id).long(), "labels": labels}

        seconds = training.fit(model, batch, STEPS, work, progress, rate=RATE)
        answers: list[str] = []
        for start in range(0, len(held_out), 50):
            texts = [BETWEEN.join(conversations.turns(example)) for example in held_out[start : start + 50]]
            encoded = tokenizer(texts, padding=True, return_tensors="pt")
            with torch.inference_mode():
                tokens = model.generate(**encoded, max_new_tokens=24, do_sample=False, num_beams=1)  # type: ignore[misc]
            answers += tokenizer.batch_decode(tokens, skip_special_tokens=True)
        right = [answer.strip() == example.truth for answer, example in zip(answers, held_out, strict=True)]
        training.by_kind(held_out, right, progress)
        model.generation_config = GenerationConfig(
            pad_token_id=tokenizer.pad_token_id, bos_token_id=end, eos_token_id=end, decoder_start_token_id=end
        )
        model.save_pretrained(directory)
        tokenizer.save_pretrained(directory)
        return Trained(STEPS, seconds, sum(right) / len(right))


def _tokenizer(texts: list[str]) -> Any:
    """Pairs of bytes in Blenderbot's way: a space before the first word, an end after the last, padded on the right."""
    from tokenizers import pre_tokenizers, processors

    tokenizer = training.byte_pairs(texts)
    backend = tokenizer.backend_tokenizer
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    backend.post_processor = processors.TemplateProcessing(
        single=f"$A {tokenizer.eos_token}", special_tokens=[(tokenizer.eos_token, tokenizer.eos_token_id)]
    )
    tokenizer.padding_side = "right"
    tokenizer.model_max_length = 192
    return tokenizer
