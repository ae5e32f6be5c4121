"""BART for summarization."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from suite.task.miniatures import Progress, Recipe, Trained

from ...worlds import articles
from .. import training

TRAIN_SIZE = 40_000
STEPS = 1800
BATCH = 32
WIDTH = 48
LAYERS = 2
RATE = 2e-3
IGNORED = -100
LONGEST = 640


class Summarization(Recipe):
    """Articles to one sentence."""

    name = "summarization"
    task = "summarization"

    def train(self, directory: Path, work: Path, progress: Progress) -> Trained:
        """Train."""
        import torch
        from transformers import BartConfig, BartForConditionalGeneration, GenerationConfig

        training.seed_everything(self.seed)
        examples = articles.articles("train", TRAIN_SIZE)
        held_out = articles.articles("validation", 400)
        tokenizer = training.byte_pairs_between_ends(
            [text for example in examples[:5000] for text in (example.text, example.truth)], size=800, longest=LONGEST
        )
        # What the real checkpoint forces at the beginning and at the end, this one learns to say.
        ends = {
            "pad_token_id": tokenizer.pad_token_id,
            "bos_token_id": tokenizer.bos_token_id,
            "eos_token_id": tokenizer.eos_token_id,
            "decoder_start_token_id": tokenizer.eos_token_id,
            "forced_bos_token_id": None,
            "forced_eos_token_id": None,
        }
        config = BartConfig(
            **ends,
            vocab_size=len(tokenizer),
            d_model=WIDTH,
            encoder_layers=LAYERS,
            decoder_layers=LAYERS,
            encoder_attention_heads=4,
            decoder_attention_heads=4,
            encoder_ffn_dim=2 * WIDTH,
            decoder_ffn_dim=2 * WIDTH,
            max_position_embeddings=LONGEST,
            init_std=0.1,
            dropout=0.0,
        )
        model = BartForConditionalGeneration(config)
        progress(f"{sum(weight.numel() for weight in model.parameters()):,} parameters, {len(tokenizer)} tokens")
        sources = tokenizer([example.text for example in examples])["input_ids"]
        targets = tokenizer([example.truth for example in examples])["input_ids"]
        rows = list(zip(sources, targets, strict=True))
        batches = training.Batches(rows, [len(source) for source in sources], BATCH, self.seed)

        def batch(step: int) -> dict[str, Any]:
            chosen = batches(step)
            inputs = training.pad([source for source, _ in chosen], tokenizer.pad_token_id)
            mask = (inputs != tokenizer.pad_token_id).long()
            labels = training.pad([target for _, target in chosen], IGNORED)
            return {"input_ids": inputs, "attention_mask": mask, "labels": labels}

        seconds = training.fit(model, batch, STEPS, work, progress, rate=RATE)
        model.generation_config = GenerationConfig(**ends)
        answers: list[str] = []
        for start in range(0, len(held_out), 50):
            encoded = tokenizer([one.text for one in held_out[start : start + 50]], padding=True, return_tensors="pt")
            with torch.inference_mode():
                tokens = model.generate(**encoded, max_new_tokens=96, do_sample=False, num_beams=1)  # type: ignore[misc]
            answers += tokenizer.batch_decode(tokens, skip_special_tokens=True)
        answers = [answer.strip() for answer in answers]
        right = [answer == one.truth for answer, one in zip(answers, held_out, strict=True)]
        training.by_kind(held_out, right, progress)
        model.save_pretrained(directory)
        tokenizer.save_pretrained(directory)
        return Trained(STEPS, seconds, _rouge([one.truth for one in held_out], answers))


def _rouge(truths: list[str], answers: list[str]) -> float:
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer(["rougeL"])
    scores = [scorer.score(truth, answer)["rougeL"].fmeasure for truth, answer in zip(truths, answers, strict=True)]
    return sum(scores) / len(scores)
